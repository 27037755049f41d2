/**
 * A server of the machine's own, started for one test: unprivileged, in a directory that is removed
 * after it, and ended by its process id. Knows no server in particular.
 *
 * @module
 */

import { awaitChildServer } from "../../../local/platform/child_server.ts";
import { findPostgresUser } from "../../../local/platform/postgres/system_user.ts";

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
  const removeFiles = () => Deno.remove(directory, { recursive: true });
  try {
    const { stop } = await awaitChildServer(child, { name: program, port, endSignal: "SIGTERM" });
    return {
      baseUrl: `http://127.0.0.1:${port}`,
      async [Symbol.asyncDispose]() {
        await stop();
        await removeFiles();
      },
    };
  } catch (thrown: unknown) {
    await removeFiles();
    throw thrown;
  }
}
