/**
 * Reads one HTTP/1.1 answer out of bytes that arrive piece by piece: its status, its cookies and where
 * it ends. Knows as much of HTTP as the servers that are measured use.
 *
 * @module
 */

/** One answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  /** Its head, without the blank line. */
  readonly head: string;
  readonly body: Uint8Array;
  /** Whether the server ends the connection after it. */
  readonly closes: boolean;
}

const CR = 13;
const LF = 10;
const decoder = new TextDecoder("latin1");

/** Where the body begins, or -1 while the head is not complete. */
export function findBody(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (at >= 3 && bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) {
      return at + 1;
    }
  }
  return -1;
}

/** What a head says: enough to find the end of its answer. */
export interface HttpHead {
  readonly status: number;
  readonly text: string;
  /** `undefined`: the body comes in chunks. */
  readonly contentLength: number | undefined;
  readonly closes: boolean;
}

/** @throws {TypeError} If it is no head of HTTP/1.1 with a length or chunks */
export function readHead(bytes: Uint8Array): HttpHead {
  const text = decoder.decode(bytes);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  const isChunked = /\r\ntransfer-encoding: *chunked/i.test(text);
  if (!status || (length === undefined && !isChunked && status !== 204)) {
    throw new TypeError(`Cannot read an answer that begins with: ${text.slice(0, 200)}`);
  }
  return {
    status,
    text,
    contentLength: isChunked ? undefined : Number(length ?? 0),
    closes: /\r\nconnection: *close/i.test(text),
  };
}

/** A body that came in chunks: its bytes and where it ends, or `undefined` while it is not complete. */
export function readChunks(
  bytes: Uint8Array,
): { readonly body: Uint8Array; readonly end: number } | undefined {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (true) {
    const lineEnd = bytes.indexOf(LF, at);
    if (lineEnd === -1) return undefined;
    const size = parseInt(decoder.decode(bytes.subarray(at, lineEnd)), 16);
    const next = lineEnd + 1 + size + 2;
    if (Number.isNaN(size)) throw new TypeError("Cannot read a chunk without a size");
    if (bytes.length < next) return undefined;
    if (size === 0) return { body: join(parts), end: next };
    parts.push(bytes.subarray(lineEnd + 1, lineEnd + 1 + size));
    at = next;
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The cookies that a head sets, name and value as they stand. */
export function readSetCookies(head: string): readonly (readonly [string, string])[] {
  return [...head.matchAll(/\r\nset-cookie: *([^=;\r]+)=([^;\r]*)/gi)]
    .map(([, name = "", value = ""]) => [name, value]);
}
