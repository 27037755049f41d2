/**
 * One keep-alive connection of HTTP/1.1 over plain TCP: bytes out, an answer in, one at a time. Much
 * cheaper than `fetch`, so that the generator of the load is not what is measured.
 *
 * @module
 */

import { findBody, type HttpAnswer, readChunks, readHead } from "./http_answer.ts";

export interface HttpConnection {
  /** Sends a whole request and reads its whole answer. */
  exchange(request: Uint8Array): Promise<HttpAnswer>;
  close(): void;
}

export async function openHttpConnection(target: string): Promise<HttpConnection> {
  const { hostname, port } = new URL(target);
  const open = async () => {
    const made = await Deno.connect({ hostname, port: Number(port) });
    made.setNoDelay(true);
    return made;
  };
  let connection = await open();
  let buffer = new Uint8Array(16 * 1024);
  let filled = 0;

  const readMore = async (): Promise<void> => {
    if (filled === buffer.length) {
      const larger = new Uint8Array(buffer.length * 2);
      larger.set(buffer);
      buffer = larger;
    }
    const read = await connection.read(buffer.subarray(filled));
    if (read === null) throw new TypeError("Cannot read an answer: the server hung up");
    filled += read;
  };

  const send = async (request: Uint8Array): Promise<void> => {
    let sent = await connection.write(request);
    while (sent < request.length) sent += await connection.write(request.subarray(sent));
  };

  return {
    async exchange(request) {
      filled = 0;
      await send(request);
      let bodyAt = -1;
      while (bodyAt === -1) {
        const from = Math.max(0, filled - 3);
        await readMore();
        bodyAt = findBody(buffer.subarray(0, filled), from);
      }
      const head = readHead(buffer.subarray(0, bodyAt - 4));
      let body: Uint8Array;
      if (head.contentLength === undefined) {
        let chunks = readChunks(buffer.subarray(bodyAt, filled));
        while (!chunks) {
          await readMore();
          chunks = readChunks(buffer.subarray(bodyAt, filled));
        }
        body = chunks.body;
      } else {
        const end = bodyAt + head.contentLength;
        while (filled < end) await readMore();
        body = buffer.subarray(bodyAt, end);
      }
      if (head.closes) {
        connection.close();
        connection = await open();
      }
      return { status: head.status, head: head.text, body, closes: head.closes };
    },
    close: () => connection.close(),
  };
}
