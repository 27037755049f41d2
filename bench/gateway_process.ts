/**
 * Starts the stand-ins for PostgREST and Supabase Auth in a fresh process.
 *
 * @module
 */

import { endWithParent } from "../local/platform/end_with_parent.ts";
import { readLines } from "../local/platform/output_lines.ts";
import type { Secrets } from "../local/platform/secrets.ts";

/** The services behind the gateway. */
export interface GatewayOptions {
  /** As the role `postgres`. */
  readonly databaseUrl: string;
  /** Tokens and keys hold for one address: it stays the same for all processes of a run. */
  readonly port: number;
  readonly secrets: Secrets;
}

export interface Gateway extends AsyncDisposable {
  readonly pid: number;
  /** The environment of this project's functions. */
  readonly environment: Readonly<Record<string, string>>;
}

const PROJECT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--cached-only", `${PROJECT}/bench/servers/gateway.ts`],
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
  if (line === undefined) throw new TypeError("The gateway did not start");
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
