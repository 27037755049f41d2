/**
 * A server that drops connections: it passes a request on, so that the functions do their work, and
 * hangs up without an answer. On a connection that had served it before, a browser takes that for one
 * that was closed for idleness, and sends the request again by itself, a POST too.
 *
 * @module
 */

export interface DroppingProxy extends AsyncDisposable {
  readonly baseUrl: string;
  /** The next so many requests whose head begins with `start` get no answer. */
  drop(start: string, times: number): void;
  /** How many requests were dropped. */
  dropped(): number;
}

export function startDroppingProxy(target: { readonly port: number }): DroppingProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Promise<void>>();
  const connections = new Set<Deno.TcpConn>();
  let [start, left, dropped] = ["", 0, 0];

  /** Passes bytes on until either side ends; `look` may call the answer off. */
  async function pass(from: Deno.TcpConn, to: Deno.TcpConn, look: (bytes: Uint8Array) => boolean) {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const length = await from.read(buffer);
        if (length === null) break;
        const bytes = buffer.subarray(0, length);
        if (!look(bytes)) break;
        for (let sent = 0; sent < length;) sent += await to.write(bytes.subarray(sent));
      }
    } catch {
      // The other side hung up: that is what this is for.
    } finally {
      for (const connection of [from, to]) {
        if (connections.delete(connection)) connection.close();
      }
    }
  }

  async function serve(browser: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: target.port });
    connections.add(browser).add(server);
    let hangUp = false;
    await Promise.all([
      pass(browser, server, (bytes) => {
        if (left > 0 && new TextDecoder().decode(bytes).startsWith(start)) {
          [left, dropped, hangUp] = [left - 1, dropped + 1, true];
        }
        return true;
      }),
      pass(server, browser, () => !hangUp),
    ]);
  }

  const accepting = (async () => {
    for await (const browser of listener) open.add(serve(browser));
  })();

  return {
    baseUrl: `http://127.0.0.1:${listener.addr.port}`,
    drop(head, times) {
      [start, left] = [head, times];
    },
    dropped: () => dropped,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) connection.close();
      connections.clear();
      await accepting;
      await Promise.all(open);
    },
  };
}
