/**
 * A server that drops connections: it passes a request on, so that the functions do their work, and
 * hangs up without an answer. On a connection that had served it before, a browser takes that for one
 * that was closed for idleness, and sends the request again by itself, a POST too.
 *
 * @module
 */

import { startTcpRelay } from "../../harness/tcp_relay.ts";

export interface DroppingProxy extends AsyncDisposable {
  readonly baseUrl: string;
  /** The next so many requests whose head begins with `start` get no answer. */
  drop(start: string, times: number): void;
  /** How many requests were dropped. */
  dropped(): number;
  /** How many requests like those to drop have come since `drop`, dropped or not. */
  seen(): number;
}

export function startDroppingProxy(target: { readonly port: number }): DroppingProxy {
  let [start, left, dropped, seen] = ["", 0, 0, 0];
  const relay = startTcpRelay(() => target.port, () => {
    let hangUp = false;
    return {
      fromClient(bytes) {
        if (start !== "" && new TextDecoder().decode(bytes).startsWith(start)) {
          seen += 1;
          if (left > 0) [left, dropped, hangUp] = [left - 1, dropped + 1, true];
        }
        return bytes;
      },
      fromServer: (bytes) => hangUp ? "hang_up" : bytes,
    };
  });
  return {
    baseUrl: `http://127.0.0.1:${relay.port}`,
    drop(head, times) {
      [start, left, seen] = [head, times, 0];
    },
    dropped: () => dropped,
    seen: () => seen,
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}
