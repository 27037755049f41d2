/**
 * A project that reads a request and closes the connection without an answer, as one that is killed
 * does. Counts what it read.
 *
 * @module
 */

export interface ClosingServer extends AsyncDisposable {
  readonly baseUrl: string;
  requests(): number;
}

export function startClosingServer(): ClosingServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let requests = 0;
  const serving = (async () => {
    for await (const connection of listener) {
      const read = await connection.read(new Uint8Array(4096)).catch(() => null);
      if (read !== null) requests += 1;
      connection.close();
    }
  })();
  return {
    baseUrl: `http://127.0.0.1:${listener.addr.port}`,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}
