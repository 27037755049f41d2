/**
 * A connection to PostgreSQL: how the driver is told where it is, and whether PostgreSQL itself is at
 * its other end. Knows no statement of ours.
 *
 * @module
 */

import type pg from "pg";
import type { DatabaseAddress } from "../database_address.ts";

/** What every connection has in common. */
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
