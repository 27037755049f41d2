import assert from "node:assert/strict";
import postgres from "postgres";

import { pushMigrations, runMigrations } from "../../../local/platform/migrations.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { readDocument } from "../docs/markdown.ts";
import { makeNewProject } from "./new_project.ts";

const PROJECT = new URL("../../..", import.meta.url).pathname.replace(/\/$/, "");
const GUARD = await readDocument("supabase/migrations/20261101000000_free_names.sql");

const PAGE = await readDocument("docs/operations.md");
const [, WAY_OUT = ""] =
  /### A table of yours is called sessions\n[\s\S]*?```sql run\n([\s\S]*?)```/.exec(PAGE) ?? [];

const server = await openTestServer();
Deno.test.afterAll(() => server.close());

/** As the Laravel documentation has it. */
const TABLE_OF_THE_APP = `
  create table sessions (
    id varchar(255) primary key,
    user_id bigint,
    payload text not null,
    last_activity integer not null
  );
  create index sessions_user_id_idx on sessions (user_id);
  insert into sessions values ('theirs', 7, 'a:0:{}', 1)`;

const SAYS =
  /Unified Auth needs names that are taken: move index public\.sessions_pkey, index public\.sessions_user_id_idx, table public\.sessions to another schema first, as docs\/operations\.md says under "A table of yours/;

Deno.test("a table of the app that is called sessions stops the first migration with one line, and the page has the way out", async () => {
  await using project = await makeNewProject(server.port);
  const { sql, url: databaseUrl } = project;
  await sql.unsafe(TABLE_OF_THE_APP);

  const target = { databaseUrl, projectDirectory: PROJECT };
  const { message } = await pushMigrations(target).then(() => assert.fail(), (error) => error);
  assert.match(
    message.split("\n").find((line: string) => line.startsWith("ERROR")) ?? message,
    SAYS,
  );
  const [left] = await sql`
    select to_regnamespace('unified_auth') as schema,
      (select count(*)::int from supabase_migrations.schema_migrations) as applied`;
  assert.deepEqual({ ...left }, { schema: null, applied: 0 });

  await sql.unsafe(WAY_OUT);
  await runMigrations(target);
  // Their app, by its connection's URL, as the page says.
  const app = postgres(`${databaseUrl}?options=-csearch_path%3Dapp,public`, {
    max: 1,
    max_lifetime: null,
  });
  const rows = await app`select id from sessions`;
  await app.end();
  assert.deepEqual([...rows], [{ id: "theirs" }]);
  assert.deepEqual([...await sql`select id from public.sessions`], []);
});

Deno.test("each name in public that is not plainly ours is one that the first migration looks for", async () => {
  await using migrated = await server.createDatabase();
  const names = await migrated.connect({ max: 1 })<{ name: string; kind: string }[]>`
    select relname as name, 'relation' as kind
    from pg_class
    where relnamespace = 'public'::regnamespace and relkind not in ('S', 'c')
    union
    select typname, 'type'
    from pg_type
    where typnamespace = 'public'::regnamespace and typname !~ '^unified_auth_' and typelem = 0
      and (typrelid = 0 or exists (select from pg_class where oid = typrelid and relkind = 'c'))
    union
    select proname, 'function' from pg_proc
    where pronamespace = 'public'::regnamespace and proname !~ '^unified_auth_'`;
  assert.ok(names.length > 20);

  await using project = await makeNewProject(server.port);
  await project.sql.unsafe(GUARD);
  for (const { name, kind } of names) {
    const obstacle = {
      relation: `create table public.${name} (id int)`,
      type: `create type public.${name} as (id int)`,
      function: `create function public.${name}() returns int language sql as 'select 1'`,
    }[kind] ?? assert.fail(kind);
    await assert.rejects(
      project.sql.begin((tx) => [tx.unsafe(obstacle), tx.unsafe(GUARD)]),
      new RegExp(`move (?:table|type|function) public\\.${name} to another schema`),
      `${kind} ${name}`,
    );
  }
});
