import assert from "node:assert/strict";
import { countPending, pushMigrations, runMigrations } from "../../../local/platform/migrations.ts";
import { prepareProjectDatabase } from "../../../local/platform/postgres/project_database.ts";
import {
  openTestServer,
  startTestServer,
  type TestDatabase,
} from "../../../local/testing/test_server.ts";

const PROJECT = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");

Deno.test("postgres is no superuser, and API roles get no grant by default", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const [role] = await sql`
    select rolsuper as super, rolbypassrls as bypass from pg_roles where rolname = current_user`;
  assert.deepEqual({ ...role }, { super: false, bypass: true });

  await sql`create table public.fresh (id int)`;
  const [grants] = await sql`
    select bool_or(has_table_privilege(role, 'public.fresh', 'select')) as granted
    from unnest(array['anon', 'authenticated', 'service_role']) as role`;
  assert.equal(grants?.granted, false);
  await assert.rejects(sql`create table auth.mine (id int)`, /permission denied for schema auth/);
  await sql`create table public.refers (user_id uuid references auth.users (id))`;
});

Deno.test("the roles have a project's time limits", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const rows = await database.connect({ max: 1 })<{ role: string; limit: string }[]>`
    select rolname as role, substr(setting, 19) as limit
    from pg_roles, unnest(rolconfig) as setting
    where setting like 'statement_timeout=%' order by rolname`;
  assert.deepEqual(rows.map(({ role, limit }) => [role, limit]), [
    ["anon", "3s"],
    ["authenticated", "8s"],
    ["authenticator", "8s"],
  ]);
});

Deno.test("the CLI and the quick way lead to the same database, and nothing stays pending", async () => {
  await using server = await startTestServer();
  await using quick = await server.createDatabase();
  const url = (database: string) =>
    `postgresql://postgres:postgres@127.0.0.1:${server.port}/${database}`;
  await prepareProjectDatabase({ server: { url: asUser(server.port) }, database: "by_cli" });
  const target = { databaseUrl: url("by_cli"), projectDirectory: PROJECT };
  assert.ok(await countPending(target) > 1);
  await pushMigrations(target);
  assert.equal(await countPending(target), 0);
  await assert.rejects(runMigrations(target));

  const other = quick.connect({ max: 1, database: "by_cli" });
  assert.deepEqual(await describe(other), await describe(quick.connect({ max: 1 })));
});

function asUser(port: number) {
  return ({ user = "postgres", database = "postgres" } = {}) =>
    `postgresql://${user}:postgres@127.0.0.1:${port}/${database}`;
}

/** Everything that migrations can make, as text. */
async function describe(sql: ReturnType<TestDatabase["connect"]>): Promise<unknown> {
  const [row] = await sql`
    select
      (select json_agg(pg_get_functiondef(oid) || coalesce(proacl::text, '') order by oid::regprocedure::text)
        from pg_proc where pronamespace = 'public'::regnamespace) as functions,
      (select json_agg(concat_ws(' ', table_name, column_name, data_type, column_default)
        order by table_name, column_name)
        from information_schema.columns where table_schema = 'public') as columns,
      (select json_agg(concat_ws(' ', relname, relrowsecurity, relacl::text) order by relname)
        from pg_class where relnamespace = 'public'::regnamespace) as relations,
      (select json_agg(version order by version) from supabase_migrations.schema_migrations) as history,
      (select json_agg(email order by email) from auth.users) as users`;
  return { ...row };
}
