import assert from "node:assert/strict";
import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { runChecks } from "../../../tools/doctor/run_checks.ts";
import type { CheckId, Finding } from "../../../tools/doctor/finding.ts";
import { openBrowser } from "../http/browser.ts";
import { readDocument } from "./markdown.ts";

const server = await openTestServer();
Deno.test.afterAll(() => server.close());

const PAGE = await readDocument("docs/operations.md");
const SCHEMA = await readDocument("docs/schema.sql");

/** As the page says: all of one migration, and what begins with two words in the later ones. */
const GRANTS = await (async () => {
  const names = (await Array.fromAsync(Deno.readDir("supabase/migrations")))
    .map(({ name }) => name).sort();
  const all = names.findIndex((name) => name.endsWith("_grants.sql"));
  const read = (name: string) => readDocument(`supabase/migrations/${name}`);
  const later = await Promise.all(names.slice(all + 1).map(read));
  return [
    await read(names[all] ?? assert.fail()),
    ...later.flatMap((text) => text.match(/^(?:revoke|grant) [^;]*;/gm) ?? []),
  ].join("\n");
})();

/** The blocks of "Restored from a backup". */
const [, section = ""] = PAGE.split("### Restored from a backup\n");
const [trigger = "", orphans = ""] = [...section.matchAll(/^```sql run\n([\s\S]*?)^```$/gm)]
  .map(([, text = ""]) => text);

async function diagnose(database: postgres.Sql): Promise<Record<CheckId, Finding>> {
  const findings = await runChecks({
    target: {
      functionsUrl: "http://127.0.0.1:9/functions/v1", // nothing listens there
      appOrigin: null,
      publishableKey: null,
      projectUrl: null,
    },
    account: null,
    database,
    fetch,
    nowMs: Date.now,
  });
  return Object.fromEntries(findings.map((finding) => [finding.check, finding])) as Record<
    CheckId,
    Finding
  >;
}

/** The statement of docs/schema.sql that begins with these words: a function's ends on its own line. */
function statement(begins: string): string {
  const start = SCHEMA.indexOf(`\n${begins}`);
  assert.notEqual(start, -1, begins);
  const rest = SCHEMA.slice(start + 1);
  const end = begins.includes("FUNCTION") ? "\n;\n" : ";\n";
  return rest.slice(0, rest.indexOf(end) + end.length);
}

Deno.test("objects that a restored dump lacks are found by the doctor, and made again as the page says", async () => {
  await using stack = await server.startStack({ functions: ["unified-auth"] });
  const sql = stack.database.connect({ max: 1 });
  const { ada, grace } = SEED_USERS;
  for (const user of [ada, grace]) await openBrowser(stack).login(user);
  const countSessions = async (userId: string) => {
    const [row] = await sql<{ sessions: number }[]>`
      select count(*)::int as sessions from public.sessions as s where s.user_id = ${userId}`;
    return row?.sessions ?? assert.fail();
  };
  // As after a dump without the schema auth and without privileges, into a project that lacks a user.
  await stack.database.connectAs("supabase_admin", { max: 1 }).unsafe(`
    drop trigger unified_auth_end_sessions on auth.users;
    alter table public.sessions drop constraint sessions_user_id_fkey;
    drop policy sessions_only_through_functions on public.sessions;
    alter table public.session_events disable row level security;
    drop function unified_auth.session_is_live(uuid);
    drop index public.session_events_seldom_idx;
    revoke execute on function public.rotate_session from service_role;
    grant all on public.sessions to anon, service_role;
    grant all on all functions in schema public, unified_auth to public;
    grant all on all tables in schema unified_auth to service_role;
    delete from auth.users as u where u.id = '${grace.id}'`);
  assert.deepEqual([await countSessions(ada.id), await countSessions(grace.id)], [1, 1]);

  const before = await diagnose(sql);
  assert.equal(before.migrations.result, "ok");
  assert.equal(before.grants.result, "failed");
  for (
    const name of [
      "trigger unified_auth_end_sessions on auth.users",
      "constraint sessions_user_id_fkey of table public.sessions",
      "policy sessions_only_through_functions of table public.sessions",
      "table public.session_events",
      "function unified_auth.session_is_live(uuid)",
      "index public.session_events_seldom_idx",
    ]
  ) assert.ok(before.schema.message.includes(`"${name}"`), `${name}: ${before.schema.message}`);

  await sql.unsafe(trigger);
  await sql.unsafe(orphans);
  for (
    const begins of [
      "alter table public.sessions add constraint sessions_user_id_fkey ",
      "create policy sessions_only_through_functions ",
      "alter table public.session_events enable row level security",
      "CREATE OR REPLACE FUNCTION unified_auth.session_is_live(",
      "CREATE INDEX session_events_seldom_idx ",
    ]
  ) await sql.unsafe(statement(begins));
  await sql.unsafe(GRANTS);

  const after = await diagnose(sql);
  for (const check of ["migrations", "schema", "grants"] as const) {
    assert.equal(after[check].result, "ok", after[check].message);
  }
  assert.deepEqual([await countSessions(ada.id), await countSessions(grace.id)], [1, 0]);
});

Deno.test("a trigger that is there and disabled fires again after the page's statement", async () => {
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  await database.connectAs("supabase_admin", { max: 1 })
    .unsafe("alter table auth.users disable trigger unified_auth_end_sessions");
  assert.equal((await diagnose(sql)).schema.result, "failed");
  await sql.unsafe(trigger);
  assert.equal((await diagnose(sql)).schema.result, "ok");
});
