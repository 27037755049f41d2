/**
 * Starts what is measured: a program that serves HTTP, each in a fresh process, all of them in the same
 * way and with the same permissions. Their output goes nowhere, as to a log collector that costs them
 * nothing but the writing.
 *
 * @module
 */

import { endWithParent } from "../local/end_with_parent.ts";
import { type OutputLines, readLines } from "../local/output_lines.ts";
import { findFreePort } from "../local/postgres/server.ts";

/** A server that accepts connections. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
}

export interface ServerOptions {
  /** A file of this project that exports `{ fetch }`, or listens on `PORT` itself. */
  readonly program: string;
  /** @default {"serve"} */
  readonly runs?: "serve" | "itself";
  readonly environment?: Readonly<Record<string, string>>;
  /** @default {a free one} */
  readonly port?: number;
}

const PROJECT = new URL("..", import.meta.url).pathname;

/** How long a server may take to accept connections. */
const START_TIMEOUT_MS = 30_000;
const LOOK_AGAIN_MS = 1;

/** Resolves when it accepts connections. @throws {TypeError} If it ends or takes too long */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { program, runs = "serve", environment = {}, port = findFreePort() } = options;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...(runs === "serve" ? ["serve", "--host=127.0.0.1", `--port=${port}`] : ["run"]),
      "--quiet",
      "--no-prompt",
      "--cached-only",
      "--allow-all",
      `${PROJECT}${program}`,
    ],
    cwd: PROJECT,
    env: { ...environment, PORT: String(port), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const watch = endWithParent(child.pid);
  const output = readLines(child.stderr);
  const life = { hasEnded: false };
  const ended = child.status.then(() => {
    life.hasEnded = true;
  });
  const stop = async () => {
    if (!life.hasEnded) child.kill("SIGKILL");
    await ended;
    await output.ended;
    await watch.cancel();
  };
  const accepted = await waitUntilAccepts(port, life);
  if (!accepted) {
    await stop();
    throw new TypeError(`${program} does not serve:\n${latestLines(output)}`);
  }
  return { pid: child.pid, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}

async function waitUntilAccepts(
  port: number,
  life: { readonly hasEnded: boolean },
): Promise<boolean> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (!life.hasEnded && performance.now() < deadlineMs) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    connection?.close();
    if (connection) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return false;
}

function latestLines({ latest }: OutputLines): string {
  return latest.slice(-20).join("\n");
}
