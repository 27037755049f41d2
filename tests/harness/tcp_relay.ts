/**
 * A relay of bytes between a client and a server on this machine. Its user decides what is sent on for each
 * piece; it knows no protocol.
 *
 * @module
 */

/** The bytes to send on in place of a piece; or the last ones before the end; or the end at once. */
export type Passage = Uint8Array | { readonly last: Uint8Array } | "hang_up";

/** Asked for each piece that comes on one connection, in its order; to answer it as it is passes it on. */
export interface RelayedConnection {
  readonly fromClient: (bytes: Uint8Array) => Passage | Promise<Passage>;
  readonly fromServer: (bytes: Uint8Array) => Passage | Promise<Passage>;
  /** Called when the connection has ended. */
  readonly ended?: () => void;
}

export interface TcpRelay extends AsyncDisposable {
  readonly port: number;
}

const CHUNK_BYTES = 64 * 1024;

/**
 * @param target the port behind it, asked for at each connection: it may be known only later
 * @param accept what becomes of the pieces of a new connection
 */
export function startTcpRelay(target: () => number, accept: () => RelayedConnection): TcpRelay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<() => void>();
  const lines = new Set<Promise<void>>();

  const relay = async (client: Deno.TcpConn) => {
    const ends = [client];
    const { fromClient, fromServer, ended } = accept();
    const end = () => {
      if (!open.delete(end)) return;
      ended?.();
      for (const connection of ends) close(connection);
    };
    open.add(end);
    try {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: target() });
      ends.push(server);
      if (!open.has(end)) return close(server);
      const directions = [pass(client, server, fromClient), pass(server, client, fromServer)];
      await Promise.race(directions).finally(end);
      await Promise.allSettled(directions);
    } catch {
      // Either side refused or is gone: closing both says it to the other.
    } finally {
      end();
    }
  };
  const accepting = (async () => {
    for await (const client of listener) {
      const line = relay(client);
      lines.add(line);
      line.finally(() => lines.delete(line));
    }
  })();

  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const end of open) end();
      await accepting;
      await Promise.all(lines);
    },
  };
}

/** Resolves when `from` has no more to say, or is to be hung up on. */
async function pass(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  decide: RelayedConnection["fromClient"],
): Promise<void> {
  for await (const chunk of chunksOf(from)) {
    const passage = await decide(chunk);
    if (passage === "hang_up") return;
    await writeAll(to, "last" in passage ? passage.last : passage);
    if ("last" in passage) return;
  }
}

/** The chunks that come, until the other side ends. */
export async function* chunksOf(connection: Deno.TcpConn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return;
    yield buffer.slice(0, count);
  }
}

export async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

export function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // The other side was faster.
  }
}
