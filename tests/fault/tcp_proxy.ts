/**
 * A faulty network between two parts: a TCP proxy that drops requests, holds replies back, cuts them
 * off, or delivers requests twice. Knows bytes, and of HTTP only where a request begins; what it
 * stands before, PostgreSQL or a gateway, is the test's choice.
 *
 * @module
 */

/** What goes wrong, for every request that `when` finds its like in; for all if there is none. */
export type TcpFault =
  & { readonly when?: RegExp }
  & (
    /** The request does not arrive, and its connection ends. */
    | { readonly kind: "drop" }
    /** The reply is held back for so long. */
    | { readonly kind: "delay"; readonly milliseconds: number }
    /** The reply breaks off after so many bytes: what asked for it was done. */
    | { readonly kind: "truncate"; readonly bytes: number }
    /** The request arrives twice; the reply to the second one goes nowhere. HTTP only. */
    | { readonly kind: "duplicate" }
  );

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:…` */
  readonly url: string;
  /** How many requests a fault has met so far. */
  readonly met: number;
  /** What goes wrong from the next request on. Null: nothing. */
  setFault(fault: TcpFault | null): void;
}

/** Where a request of HTTP/1.1 begins; a body that comes in a piece of its own is no new one. */
const REQUEST_LINE = /^[A-Z]+ \/\S* HTTP\/1\.1\r\n/;

const CHUNK_BYTES = 64 * 1024;

/** @param target the port behind it, asked for at each connection: it may be known only later */
export function startTcpProxy(target: () => number): TcpProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lines = new Set<Promise<void>>();
  const closing = new AbortController();
  const state = { fault: null as TcpFault | null, met: 0 };

  const accepting = (async () => {
    for await (const client of listener) {
      const line = carry(client, { target, state, closing: closing.signal });
      lines.add(line);
      line.finally(() => lines.delete(line));
    }
  })();

  return {
    port: listener.addr.port,
    url: `http://127.0.0.1:${listener.addr.port}`,
    get met() {
      return state.met;
    },
    setFault(next) {
      state.fault = next;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      closing.abort();
      await accepting;
      await Promise.all(lines);
    },
  };
}

interface Carriage {
  readonly target: () => number;
  readonly state: { readonly fault: TcpFault | null; met: number };
  readonly closing: AbortSignal;
}

/** Carries one connection until either side ends it, or a fault does. */
async function carry(
  client: Deno.TcpConn,
  { target, state, closing }: Carriage,
): Promise<void> {
  const open = new Set<Deno.TcpConn>([client]);
  const ended = new AbortController();
  const end = () => {
    ended.abort();
    for (const connection of open) close(connection);
  };
  closing.addEventListener("abort", end);
  const connect = async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: target() });
    open.add(connection);
    if (ended.signal.aborted) close(connection);
    return connection;
  };

  let isHttp: boolean | null = null;
  let fault: TcpFault | null = null;
  let repliedBytes = 0;
  let twin: Deno.TcpConn | null = null;
  const drains: Promise<void>[] = [];

  const sendRequests = async (server: Deno.TcpConn) => {
    for await (const chunk of chunksOf(client)) {
      const text = new TextDecoder("latin1").decode(chunk);
      isHttp ??= REQUEST_LINE.test(text);
      if (!isHttp || REQUEST_LINE.test(text)) {
        fault = state.fault?.when?.test(text) ?? true ? state.fault : null;
        repliedBytes = 0;
        if (fault) state.met += 1;
      }
      if (fault?.kind === "drop") return;
      if (fault?.kind === "duplicate" && !twin) {
        twin = await connect();
        drains.push(discard(twin));
      }
      await writeAll(server, chunk);
      if (fault?.kind === "duplicate" && twin) await writeAll(twin, chunk);
    }
  };
  const sendReplies = async (server: Deno.TcpConn) => {
    for await (const chunk of chunksOf(server)) {
      if (fault?.kind === "delay") await pause(fault.milliseconds, ended.signal);
      const left = fault?.kind === "truncate" ? fault.bytes - repliedBytes : Infinity;
      await writeAll(client, chunk.subarray(0, Math.max(0, left)));
      repliedBytes += chunk.length;
      if (repliedBytes >= left) return;
    }
  };

  try {
    const server = await connect();
    const whicheverEnds = [sendRequests(server), sendReplies(server)];
    await Promise.race(whicheverEnds).finally(end);
    await Promise.allSettled([...whicheverEnds, ...drains]);
  } catch {
    // Either side refused or is gone: what it would be told is that the other one is gone too.
  } finally {
    end();
    closing.removeEventListener("abort", end);
  }
}

async function* chunksOf(connection: Deno.TcpConn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return;
    yield buffer.slice(0, count);
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Reads what nobody waits for, until it ends in whatever way. */
async function discard(connection: Deno.TcpConn): Promise<void> {
  try {
    for await (const _ of chunksOf(connection));
  } catch {
    // It ended with the request that it is the twin of.
  }
}

/** Ends early, without an error, where the connection does. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const timer = setTimeout(stop, milliseconds);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // The other side was faster.
  }
}
