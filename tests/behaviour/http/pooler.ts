/**
 * PgBouncer in transaction mode before a test's PostgreSQL: what a call leaves on a connection meets
 * somebody else's next one.
 *
 * @module
 */

import { findFreePort } from "../../../local/platform/postgres/server.ts";
import { startServer } from "../deploy/server_process.ts";

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
  const port = findFreePort();
  const server = await startServer({
    program,
    port,
    files: {
      "users.txt": '"postgres" "postgres"\n',
      "pgbouncer.ini": `[databases]
* = host=127.0.0.1 port=${databasePort}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = users.txt
pool_mode = transaction
default_pool_size = ${poolSize}
`,
    },
    args: () => ["--quiet", "pgbouncer.ini"],
  });
  return { port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
