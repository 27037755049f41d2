/**
 * A child process that serves a port: waits until it accepts connections, and ends it, also when this
 * process is gone. Knows no program in particular.
 *
 * @module
 */
import { endWithParent } from "./end_with_parent.ts";
import { readLines } from "./output_lines.ts";

/** How long a server may take to accept connections. */
const START_TIMEOUT_MS = 30_000;
const LOOK_AGAIN_MS = 1; // cold starts are measured by it
const LAST_LINES = 20;

export interface ChildServerOptions {
  /** For people. */
  readonly name: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** The signal that `stop` sends. */
  readonly endSignal: Deno.Signal;
}

export interface ChildServer {
  /** Resolves when the process has ended. */
  stop(): Promise<void>;
}

/**
 * Resolves when the child accepts connections. Its `stderr` must be piped: it is read to the end.
 *
 * @throws {TypeError} With its last words, if it ends or takes too long; it has ended then
 */
export async function awaitChildServer(
  child: Deno.ChildProcess,
  { name, port, endSignal }: ChildServerOptions,
): Promise<ChildServer> {
  const watch = endWithParent(child.pid);
  const output = readLines(child.stderr);
  const life = { hasEnded: false };
  const ended = child.status.then(() => {
    life.hasEnded = true;
  });
  const stop = async () => {
    if (!life.hasEnded) child.kill(endSignal);
    await Promise.all([ended, output.ended, watch.cancel()]);
  };
  if (await accepts(port, life)) return { stop };
  await stop();
  throw new TypeError(`${name} does not serve:\n${output.latest.slice(-LAST_LINES).join("\n")}`);
}

async function accepts(port: number, life: { readonly hasEnded: boolean }): Promise<boolean> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (!life.hasEnded && performance.now() < deadlineMs) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    connection?.close();
    if (connection) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return false;
}
