/**
 * Listens in on what a client sends to PostgreSQL: a TCP proxy that reads the frontend's messages and
 * changes none of them.
 *
 * @module
 */

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
  /** What was sent since the last time that this was asked, but for the start of a connection. */
  takeMessages(): readonly FrontendMessage[];
}

export function startWireTap(databasePort: number): WireTap {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let messages: FrontendMessage[] = [];
  const open = new Set<Deno.TcpConn>();
  const lines: Promise<unknown>[] = [];
  let connections = 0;

  const tap = async (client: Deno.TcpConn) => {
    const connection = connections++;
    const server = await Deno.connect({ hostname: "127.0.0.1", port: databasePort });
    open.add(client).add(server);
    let answeredBytes = 0;
    const read = createMessageReader((type, body) => {
      if (type !== AUTHENTICATION) messages.push({ connection, type, body, answeredBytes });
    });
    await Promise.race([
      carry(client, server, (bytes) => read(bytes)),
      carry(server, client, ({ length }) => void (answeredBytes += length)),
    ]);
    for (const end of [client, server]) {
      if (open.delete(end)) end.close();
    }
  };
  const accepting = (async () => {
    for await (const client of listener) lines.push(tap(client));
  })();

  return {
    port: listener.addr.port,
    takeMessages() {
      const taken = messages;
      messages = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const end of open) end.close();
      open.clear();
      await accepting;
      await Promise.allSettled(lines);
    },
  };
}

const AUTHENTICATION = "p";

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

async function carry(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  hear: (bytes: Uint8Array) => void,
): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) return;
      const bytes = buffer.slice(0, count);
      hear(bytes);
      for (let at = 0; at < count;) at += await to.write(bytes.subarray(at));
    }
  } catch {
    // The other side is gone; so will this one be.
  }
}
