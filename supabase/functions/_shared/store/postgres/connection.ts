/**
 * A connection to PostgreSQL: the driver's configuration, whether PostgreSQL itself is at the other
 * end, and the limits that it must keep to then. Knows no statement of ours.
 *
 * @module
 */

import type pg from "pg";
import type { DatabaseAddress } from "../database_address.ts";

/** Common to every connection. */
export function connectionConfig(address: DatabaseAddress): pg.ClientConfig {
  return {
    host: address.host,
    port: address.port,
    user: address.user,
    password: address.password,
    database: address.database,
    ssl: address.tls === "off" ? false : { rejectUnauthorized: address.tls === "verified" },
    application_name: "unified-auth",
    keepAlive: true,
  };
}

/**
 * Whether nothing stands between: a pooler makes up the process id of the start of a connection, since
 * no one process of the database serves it. Through one, a prepared statement may meet a connection
 * that has never heard of it (SQLSTATE 26000) or has one of that name (42P05). Asked with no statement
 * kept.
 */
export async function isDirect(client: pg.ClientBase, timeoutMs: number): Promise<boolean> {
  const query = { text: "select pg_backend_pid() as pid", query_timeout: timeoutMs };
  const { rows } = await client.query<{ readonly pid: number }>(query);
  return "processID" in client && rows[0]?.pid === client.processID;
}

export interface ServerLimits {
  /** How long one statement may take. */
  readonly statementTimeoutMs: number;
  /** How long a transaction may be left open. None is, unless a process dies in the middle of one. */
  readonly idleInTransactionTimeoutMs: number;
}

/**
 * Makes the server give up a statement that nobody waits for any more: at the driver's time limit the
 * driver closes its end, and the server would wait on, each time in one more process. And sets the
 * isolation that the functions rely on, whatever the operator set: a row that was locked and has changed since is
 * read again at this isolation, and is an error at every other. Only of a direct connection: one that a
 * pooler hands on would take the settings along.
 */
export async function limitConnection(
  client: pg.ClientBase,
  { statementTimeoutMs, idleInTransactionTimeoutMs }: ServerLimits,
): Promise<void> {
  const query = {
    text: `select
      set_config('statement_timeout', $1, false),
      set_config('idle_in_transaction_session_timeout', $2, false),
      set_config('default_transaction_isolation', 'read committed', false)`,
    values: [String(statementTimeoutMs), String(idleInTransactionTimeoutMs)],
    query_timeout: statementTimeoutMs,
  };
  await client.query(query);
}
