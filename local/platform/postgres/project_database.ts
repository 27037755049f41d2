/**
 * Gives a fresh cluster and a database what a Supabase project has before its first migration: the
 * roles, the schemas `auth` and `extensions`, and no grants on what is made later. Each step is one
 * transaction, so an interrupted start leaves nothing half done.
 *
 * @module
 */
import postgres from "postgres";
import { SUPERUSER } from "./data_directory.ts";
import type { PostgresServer } from "./server.ts";

/** Makes the roles if they are missing. */
export async function prepareProjectRoles(server: PostgresServer): Promise<void> {
  await withSuperuser({ server, database: "postgres" }, async (sql) => {
    const [found] = await sql`select from pg_roles where rolname = 'authenticator'`;
    if (!found) await sql.begin((tx) => [tx.unsafe(readSql("project_roles.sql"))]);
  });
}

/** Makes the schemas in `database` if they are missing, and `database` itself if it is. */
export async function prepareProjectDatabase(
  { server, database }: { server: Pick<PostgresServer, "url">; database: string },
): Promise<void> {
  await withSuperuser({ server, database: "postgres" }, async (sql) => {
    const [found] = await sql`select from pg_database where datname = ${database}`;
    if (!found) await sql`create database ${sql(database)}`;
    await sql`alter database ${sql(database)} owner to postgres`;
  });
  await withSuperuser({ server, database }, async (sql) => {
    const [found] = await sql`select from pg_namespace where nspname = 'auth'`;
    if (found) return;
    await sql.begin((tx) => [
      tx.unsafe(readSql("project_schemas.sql")),
      tx`set local role supabase_auth_admin`,
      tx.unsafe(readSql("auth_schema.sql")),
    ]);
  });
}

async function withSuperuser(
  { server, database }: { server: Pick<PostgresServer, "url">; database: string },
  use: (sql: postgres.Sql) => Promise<void>,
): Promise<void> {
  const sql = postgres(server.url({ user: SUPERUSER, database }), {
    max: 1,
    fetch_types: false,
    onnotice: () => {},
  });
  try {
    await use(sql);
  } finally {
    await sql.end();
  }
}

function readSql(name: string): string {
  return Deno.readTextFileSync(new URL(name, import.meta.url));
}
