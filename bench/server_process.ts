/**
 * Starts what is measured: a program that serves HTTP, each in a fresh process with the same
 * permissions. Its output goes nowhere, as to a log collector that costs it nothing but the writing.
 *
 * @module
 */

import { awaitChildServer } from "../local/platform/child_server.ts";
import { findFreePort } from "../local/platform/postgres/server.ts";

export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
}

export interface ServerOptions {
  /** A file of this project. `serve` runs one that exports `{ fetch }`, `run` one that listens on `PORT`. */
  readonly program: string;
  /** @default {"serve"} */
  readonly command?: "serve" | "run";
  readonly environment?: Readonly<Record<string, string>>;
}

/** Resolves when it accepts connections. @throws {TypeError} If it ends or takes too long */
export async function startServer(
  { program, command = "serve", environment }: ServerOptions,
): Promise<ServerProcess> {
  const port = findFreePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...(command === "serve" ? ["serve", "--host=127.0.0.1", `--port=${port}`] : ["run"]),
      ...["--quiet", "--no-prompt", "--cached-only", "--allow-all"],
      `--config=${program.startsWith("supabase/") ? "local/deno.json" : "deno.json"}`,
      program,
    ],
    cwd: new URL("..", import.meta.url),
    env: { ...environment, PORT: String(port), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const { stop } = await awaitChildServer(child, { name: program, port, endSignal: "SIGKILL" });
  return { pid: child.pid, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}
