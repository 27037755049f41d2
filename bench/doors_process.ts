/**
 * Starts the stand-ins for PostgREST and Supabase Auth in a fresh process of their own.
 *
 * @module
 */

import { endWithParent } from "../local/end_with_parent.ts";
import { readLines } from "../local/output_lines.ts";
import type { Secrets } from "../local/secrets.ts";

/** What the doors stand before. */
export interface DoorsOptions {
  /** As the role `postgres`. */
  readonly databaseUrl: string;
  /** Tokens and keys hold for one address: it stays the same for all doors of a run. */
  readonly port: number;
  readonly secrets: Secrets;
}

export interface Doors extends AsyncDisposable {
  readonly pid: number;
  /** What a function of this project gets. */
  readonly environment: Readonly<Record<string, string>>;
}

const PROJECT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

export async function startDoors(options: DoorsOptions): Promise<Doors> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--cached-only", `${PROJECT}/bench/servers/doors.ts`],
    cwd: PROJECT,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const watch = endWithParent(child.pid);
  const output = readLines(child.stdout);
  const settings = new Blob([JSON.stringify({ ...options, projectDirectory: PROJECT })]);
  await settings.stream().pipeTo(child.stdin);
  const line = await output.find((text) => text.startsWith("ready "));
  if (line === undefined) throw new TypeError("The doors to the database did not open");
  return {
    pid: child.pid,
    environment: JSON.parse(line.slice("ready ".length)),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await output.ended;
      await watch.cancel();
    },
  };
}
