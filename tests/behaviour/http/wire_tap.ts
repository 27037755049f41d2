/**
 * Listens in on what a client sends to PostgreSQL: a TCP proxy that reads the frontend's messages and
 * changes none of them. Of the server's it changes one, where it is to be taken for a pooler.
 *
 * @module
 */

import { startTcpRelay } from "../../harness/tcp_relay.ts";

/** One message of the frontend (PostgreSQL documentation, 53.7), by its letter. */
export interface FrontendMessage {
  /** Which connection, counted from 0. */
  readonly connection: number;
  /** `P` Parse, `B` Bind, `D` Describe, `E` Execute, `S` Sync, `Q` Query, `X` Terminate … */
  readonly type: string;
  readonly body: string;
  /** How many bytes PostgreSQL had sent on this connection before. */
  readonly answeredBytes: number;
}

export interface WireTap extends AsyncDisposable {
  readonly port: number;
  /** The bytes sent since the last call, but for the start of a connection. */
  takeMessages(): readonly FrontendMessage[];
}

export interface WireTapOptions {
  /**
   * Starts each connection as a pooler does, with the process id of no process.
   *
   * @default {false}
   */
  readonly madeUpProcessId?: boolean;
}

export function startWireTap(
  databasePort: number,
  { madeUpProcessId = false }: WireTapOptions = {},
): WireTap {
  let messages: FrontendMessage[] = [];
  let connections = 0;
  const relay = startTcpRelay(() => databasePort, () => {
    const connection = connections++;
    let answeredBytes = 0;
    const read = createMessageReader((type, body) => {
      if (type !== AUTHENTICATION) messages.push({ connection, type, body, answeredBytes });
    });
    return {
      fromClient(bytes) {
        read(bytes);
        return bytes;
      },
      fromServer(bytes) {
        answeredBytes += bytes.length;
        return madeUpProcessId ? changeProcessId(bytes) : bytes;
      },
    };
  });
  return {
    port: relay.port,
    takeMessages() {
      const taken = messages;
      messages = [];
      return taken;
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

const AUTHENTICATION = "p";

/** BackendKeyData: `K`, the length, which is 12, the process id and a secret. */
const BACKEND_KEY_DATA = new Uint8Array([0x4b, 0, 0, 0, 12]);

/** It comes in one piece with all else that follows the authentication. */
function changeProcessId(bytes: Uint8Array): Uint8Array {
  const at = bytes.findIndex((_, from) =>
    BACKEND_KEY_DATA.every((byte, index) => bytes[from + index] === byte)
  );
  if (at === -1) return bytes;
  const changed = bytes.slice();
  new DataView(changed.buffer).setInt32(at + BACKEND_KEY_DATA.length, -1);
  return changed;
}

/** The first message of a connection has no letter; each other is a letter, a length and a body. */
function createMessageReader(
  hear: (type: string, body: string) => void,
): (bytes: Uint8Array) => void {
  let rest = new Uint8Array();
  let started = false;
  return (bytes) => {
    rest = Uint8Array.from([...rest, ...bytes]);
    for (;;) {
      const lengthAt = started ? 1 : 0;
      if (rest.length < lengthAt + 4) return;
      const end = lengthAt + new DataView(rest.buffer).getUint32(lengthAt);
      if (rest.length < end) return;
      const body = new TextDecoder("latin1").decode(rest.subarray(lengthAt + 4, end));
      if (started) hear(String.fromCharCode(rest[0] ?? 0), body);
      started = true;
      rest = rest.slice(end);
    }
  };
}
