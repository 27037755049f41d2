import assert from "node:assert/strict";
import { openTestServer } from "../../local/testing/test_server.ts";
import { advisors } from "./advisors.ts";
import { dumpSchema } from "./schema_dump.ts";

Deno.test("the advisors find a table without row level security", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  await sql`create table public.unguarded (id integer primary key)`;
  await sql`grant select on public.unguarded to anon`;
  assert.match((await advisors(database).run()).join("\n"), /rls_disabled_in_public/);
});

Deno.test("the schema dump shows a grant, a constraint and the body of a function", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const before = await dumpSchema(database);
  assert.equal(await dumpSchema(database), before, "two dumps of one schema differ");

  const sql = database.connect({ max: 1 });
  await sql`grant select on public.sessions to authenticated`;
  await sql`grant execute on function public.rotate_session to public`;
  await sql`alter table public.sessions add constraint sessions_new check (generation < 10)`;
  await sql`
    create or replace function public.session_is_live() returns boolean
    language sql stable set search_path = '' as 'select true'
  `;
  const added = (await dumpSchema(database)).split("\n")
    .filter((line) => !before.split("\n").includes(line)).join("\n");
  assert.match(added, /grant select on table public\.sessions to authenticated;/);
  assert.match(added, /grant execute on function public\.rotate_session\(.*\) to public;/);
  assert.match(added, /add constraint sessions_new CHECK \(\(generation < 10\)\)/);
  assert.match(added, /AS \$function\$select true\$function\$/);
});
