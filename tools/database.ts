/**
 * The connection that a tool opens: to the local stack, or to the database that the operator names.
 * Knows none of the queries.
 *
 * @module
 */

import postgres from "postgres";
import { Misuse } from "./misuse.ts";

const DEFAULT_LOCAL_PORT = "54322";

/** The database that a tool wants. */
export interface DatabaseChoice {
  /** A URL, or undefined for the local stack's database. */
  readonly remote: string | undefined;
  /** The value of `UNIFIED_AUTH_DB_PORT`. */
  readonly localPort: string | undefined;
}

/** @throws {Misuse} If the URL is none of PostgreSQL */
export function databaseUrl({ remote, localPort }: DatabaseChoice): URL {
  const text = remote ??
    `postgresql://postgres:postgres@127.0.0.1:${localPort || DEFAULT_LOCAL_PORT}/postgres`;
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw new Misuse("the database must be a URL that starts with postgresql://");
  }
  return url;
}

/**
 * Connects, works and disconnects.
 *
 * @throws {Misuse} If nothing answers there, or the password is wrong
 */
export async function withDatabase<Result>(
  url: URL,
  work: (sql: postgres.Sql) => Promise<Result>,
): Promise<Result> {
  const sql = postgres(url.href, {
    max: 1,
    prepare: false, // a pooler in transaction mode keeps no prepared statement
    connect_timeout: 10,
    max_lifetime: null,
    onnotice: () => {},
    ...(isLoopback(url) || url.searchParams.has("sslmode") ? {} : { ssl: "require" as const }),
  });
  try {
    await sql`select 1`.catch((thrown: unknown) => {
      throw new Misuse(explain(url, thrown));
    });
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function explain(url: URL, thrown: unknown): string {
  const place = `${url.hostname}:${url.port || "5432"}`;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return isLoopback(url)
    ? `no database answers at ${place} (${reason}): start the local stack with "deno task start", ` +
      `or name another database`
    : `no database answers at ${place}: ${reason}`;
}

function isLoopback({ hostname }: URL): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
