/**
 * A relay of bytes before a server, which can drop a connection at the worst moment: when the server has
 * done what was asked and its answer is on the way. Nothing but a socket shows how a browser takes that.
 *
 * @module
 */

export interface Relay extends AsyncDisposable {
  readonly baseUrl: string;
  /** Drops the next connection that carries a POST, once the server answers it. */
  dropNextPost(): void;
  /** POSTs that came by since `dropNextPost`. */
  readonly posts: number;
}

export function openRelay(target: URL): Relay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const connections: Promise<void>[] = [];
  let armed = false;
  let posts = 0;

  async function relay(page: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: Number(target.port) });
    open.add(page).add(server);
    let doomed = false;
    const close = () => {
      for (const connection of [page, server]) if (open.delete(connection)) connection.close();
    };
    await Promise.all([
      pump(page, server, (bytes) => {
        if (!startsPost(bytes)) return true;
        posts++;
        doomed = armed;
        armed = false;
        return true;
      }),
      pump(server, page, () => !doomed),
    ].map((done) => done.then(close)));
  }

  const accepted = (async () => {
    for await (const page of listener) connections.push(relay(page).catch(() => undefined));
  })();

  return {
    baseUrl: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    dropNextPost() {
      armed = true;
      posts = 0;
    },
    get posts() {
      return posts;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) connection.close();
      open.clear();
      await accepted;
      await Promise.all(connections);
    },
  };
}

/** Copies until either end closes, or `mayPass` says no. */
async function pump(
  from: Deno.Conn,
  to: Deno.Conn,
  mayPass: (bytes: Uint8Array) => boolean,
): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) return;
      const bytes = buffer.slice(0, count);
      if (!mayPass(bytes)) return;
      for (let sent = 0; sent < count;) sent += await to.write(bytes.subarray(sent));
    }
  } catch {
    // The other direction closed both.
  }
}

function startsPost(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(0, 5)) === "POST ";
}
