import assert from "node:assert/strict";
import { runMigrations } from "../../../local/platform/migrations.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { readSchema } from "../../../tools/doctor/schema_manifest.ts";
import { makeNewProject } from "./new_project.ts";

const PROJECT = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");
const UNINSTALL = await Deno.readTextFile(`${PROJECT}/tools/uninstall.sql`);

const server = await openTestServer();
Deno.test.afterAll(() => server.close());

Deno.test("uninstalling leaves nothing of ours and all of the project's, and the migrations can come again", async () => {
  await using project = await makeNewProject(server.port);
  const { sql, url: databaseUrl } = project;
  await sql.unsafe(`
    create table public.notes (id int primary key, user_id uuid references auth.users (id));
    create function public.notes_count() returns bigint language sql
      as 'select count(*) from public.notes'`);
  const before = await readSchema(sql, null);
  const target = { databaseUrl, projectDirectory: PROJECT };
  await runMigrations(target);

  await sql.unsafe(UNINSTALL);
  assert.deepEqual(await readSchema(sql, null), before);
  const [left] = await sql`
    select
      (select count(*)::int from supabase_migrations.schema_migrations) as migrations,
      (select count(*)::int from pg_trigger as t where t.tgrelid = 'auth.users'::regclass
        and not t.tgisinternal) as triggers,
      (select count(*)::int from auth.users) as users`;
  assert.deepEqual({ ...left }, { migrations: 0, triggers: 0, users: 2 });

  await sql.unsafe(UNINSTALL); // twice does no harm
  await runMigrations(target);
});

Deno.test("a policy of the project that calls session_is_live() stops the uninstall, which changes nothing", async () => {
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  await sql.unsafe(`
    create table public.notes (id int primary key);
    create policy only_live on public.notes using ((select public.session_is_live()))`);
  const before = await readSchema(sql, null);
  await assert.rejects(sql.unsafe(UNINSTALL), {
    detail: /policy only_live on table notes depends/,
  });
  await sql`rollback`;
  assert.deepEqual(await readSchema(sql, null), before);
});
