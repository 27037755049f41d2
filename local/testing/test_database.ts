/**
 * A database for one test, cloned from a server's template and dropped after it, and clients of it in
 * any role.
 *
 * @module
 */
import postgres from "postgres";
import { LOCAL_PASSWORD, SUPERUSER } from "../platform/postgres/data_directory.ts";

/** The database that every test's is cloned from. */
export const TEMPLATE = "project_template";

/** A database that one test has to itself. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** As the role `postgres`, which migrates and is no superuser. */
  readonly url: string;
  /** As `supabase_admin`, a superuser. */
  readonly adminUrl: string;
  /** As any role that signs in: `authenticator`, `supabase_auth_admin`, … */
  urlAs(role: string): string;
  /** A postgres.js client as `postgres`; closed with the database. */
  connect(options?: postgres.Options<Record<string, never>>): postgres.Sql;
  /** A client as another role. Roles that cannot sign in are taken by `set role` at connecting. */
  connectAs(role: string, options?: postgres.Options<Record<string, never>>): postgres.Sql;
  /** Closes its clients and drops it. */
  drop(): Promise<void>;
}

/** Clones the template on the server that listens on `port`. */
export async function cloneDatabase(port: number): Promise<TestDatabase> {
  const name = `test_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const urlFor = (user: string, database = name) =>
    `postgresql://${user}:${LOCAL_PASSWORD}@127.0.0.1:${port}/${database}`;
  await maintain(
    urlFor(SUPERUSER, "postgres"),
    // Copied as files, without the write-ahead log, which costs twice the CPU.
    (sql) =>
      sql`create database ${sql(name)} template ${sql(TEMPLATE)} owner postgres strategy file_copy`,
  );

  const clients = new Set<postgres.Sql>();
  const open = (url: string, options: postgres.Options<Record<string, never>> = {}) => {
    // Without a lifetime there is no timer that outlives a test.
    const sql = postgres(url, { onnotice: () => {}, max_lifetime: null, ...options });
    clients.add(sql);
    return sql;
  };
  const drop = async () => {
    await Promise.all([...clients].map((sql) => sql.end({ timeout: 1 })));
    await maintain(
      urlFor(SUPERUSER, "postgres"),
      (sql) => sql`drop database if exists ${sql(name)} with (force)`,
    );
  };
  return {
    name,
    port,
    url: urlFor("postgres"),
    adminUrl: urlFor(SUPERUSER),
    urlAs: (role) => urlFor(role),
    connect: (options) => open(urlFor("postgres"), options),
    connectAs: (role, options) =>
      SIGNS_IN.has(role)
        ? open(urlFor(role), options)
        : open(urlFor("authenticator"), { ...options, connection: { role } }),
    drop,
    [Symbol.asyncDispose]: drop,
  };
}

const SIGNS_IN = new Set(["postgres", "supabase_admin", "supabase_auth_admin", "authenticator"]);

async function maintain(
  url: string,
  run: (sql: postgres.Sql) => PromiseLike<unknown>,
): Promise<void> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    await run(sql);
  } finally {
    await sql.end();
  }
}
