/**
 * Starts what is measured: a program that serves HTTP, each in a fresh process, all of them in the same
 * way and with the same permissions. Their output goes nowhere, as to a log collector that costs them
 * nothing but the writing.
 *
 * @module
 */

import { awaitChildServer } from "../local/platform/child_server.ts";
import { findFreePort } from "../local/platform/postgres/server.ts";

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
  /** Names its packages. @default {"deno.json"} */
  readonly config?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const PROJECT = new URL("..", import.meta.url).pathname;

/** Resolves when it accepts connections. @throws {TypeError} If it ends or takes too long */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { program, runs = "serve", config = "deno.json", environment = {} } = options;
  const port = findFreePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...(runs === "serve" ? ["serve", "--host=127.0.0.1", `--port=${port}`] : ["run"]),
      "--quiet",
      "--no-prompt",
      "--cached-only",
      `--config=${config}`,
      "--allow-all",
      `${PROJECT}${program}`,
    ],
    cwd: PROJECT,
    env: { ...environment, PORT: String(port), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const { stop } = await awaitChildServer(child, { name: program, port, endSignal: "SIGKILL" });
  return { pid: child.pid, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}
