/**
 * A server of the machine's own, started for one test: unprivileged, in a directory that is removed
 * after it, and ended by its process id. Knows no server in particular.
 *
 * @module
 */

import { endWithParent } from "../../local/end_with_parent.ts";
import { readLines } from "../../local/output_lines.ts";
import { findPostgresUser } from "../../local/postgres/system_user.ts";

export interface RunningProxy extends AsyncDisposable {
  readonly baseUrl: string;
}

export interface ServerOptions {
  /** Its path. */
  readonly program: string;
  /** Made from the directory that holds the files. */
  readonly args: (directory: string) => readonly string[];
  /** By name, to be written before it starts. */
  readonly files: Readonly<Record<string, string>>;
  readonly port: number;
}

const START_LIMIT_MS = 30_000;

/** Where Debian puts servers is not on everybody's PATH. */
const MORE_PLACES = ["/usr/local/sbin", "/usr/sbin"];

/** The path of an installed program, or null. */
export async function findProgram(name: string): Promise<string | null> {
  for (const directory of [...(Deno.env.get("PATH") ?? "").split(":"), ...MORE_PLACES]) {
    const path = `${directory}/${name}`;
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  return null;
}

/** Resolves when it listens. Rejects with its own words if it ends before. */
export async function startServer(
  { program, args, files, port }: ServerOptions,
): Promise<RunningProxy> {
  const user = await findPostgresUser(); // under root, a user that may do nothing else
  const directory = await Deno.makeTempDir({ prefix: "unified-auth-proxy-" });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
  if (user) await Deno.chown(directory, user.uid, user.gid);
  const child = new Deno.Command(program, {
    args: [...args(directory)],
    cwd: directory,
    env: { HOME: directory, XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory },
    ...user,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const watch = endWithParent(child.pid);
  const output = readLines(child.stderr);
  const state = { ended: false };
  const ended = child.status.then(() => {
    state.ended = true;
  });
  const stop = async () => {
    if (!state.ended) child.kill("SIGTERM");
    await Promise.all([ended, output.ended, watch.cancel()]);
    await Deno.remove(directory, { recursive: true });
  };
  const deadlineMs = Date.now() + START_LIMIT_MS;
  while (!await listens(port)) {
    if (!state.ended && Date.now() < deadlineMs) continue;
    await stop();
    throw new TypeError(`${program} does not start:\n${output.latest.join("\n")}`);
  }
  return { baseUrl: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}

async function listens(port: number): Promise<boolean> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
  connection?.close();
  if (connection === null) await new Promise((resolve) => setTimeout(resolve, 20));
  return connection !== null;
}
