/**
 * PgBouncer in transaction mode before a test's PostgreSQL: what a call leaves on a connection meets
 * somebody else's next one.
 *
 * @module
 */

import { findFreePort } from "../../local/postgres/server.ts";

export interface Pooler extends AsyncDisposable {
  readonly port: number;
}

export async function startPooler(
  { program, databasePort, poolSize }: {
    /** The path of `pgbouncer`. */
    readonly program: string;
    readonly databasePort: number;
    /** Connections to the database. */
    readonly poolSize: number;
  },
): Promise<Pooler> {
  const directory = await Deno.makeTempDir({ prefix: "unified-auth-pooler-" });
  const port = findFreePort();
  await Deno.writeTextFile(`${directory}/users.txt`, '"postgres" "postgres"\n');
  await Deno.writeTextFile(
    `${directory}/pgbouncer.ini`,
    `[databases]
* = host=127.0.0.1 port=${databasePort}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${directory}/users.txt
pool_mode = transaction
default_pool_size = ${poolSize}
`,
  );
  // It refuses to run as root, and takes on any other user by itself.
  await Deno.chmod(directory, 0o755);
  const asUser = Deno.uid() === 0 ? ["-u", "nobody"] : [];
  const child = new Deno.Command(program, {
    args: ["--quiet", ...asUser, `${directory}/pgbouncer.ini`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(directory, { recursive: true });
  };
  if (!await untilAccepting(port)) {
    await stop();
    throw new Error(`PgBouncer did not start on port ${port}`);
  }
  return { port, [Symbol.asyncDispose]: stop };
}

async function untilAccepting(port: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries += 1) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
    connection?.close();
    if (connection) return true;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}
