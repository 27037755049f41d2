import assert from "node:assert/strict";
import type { CheckId } from "../../../tools/doctor/finding.ts";
import { readDesignedGrants } from "../../../tools/doctor/checks/grants.ts";
import { readDocument } from "../docs/markdown.ts";
import { assertFinding, openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture();
Deno.test.afterAll(() => fixture.close());

const { sql } = fixture;

/** Changes the database, looks, and changes it back. */
async function checkWith(
  { change, undo }: { readonly change: string; readonly undo: string },
  check: CheckId,
  says: RegExp,
): Promise<void> {
  await sql.unsafe(change);
  const findings = await fixture.runChecks(null, { account: null, database: sql });
  await sql.unsafe(undo);
  assertFinding(findings, check, { result: "failed", says });
}

Deno.test("migrations fails when one is missing, and names it", async () => {
  const rename = (from: string, to: string) =>
    `update supabase_migrations.schema_migrations set version = '${to}' where version = '${from}'`;
  await checkWith(
    { change: rename("20261101000011", "another"), undo: rename("another", "20261101000011") },
    "migrations",
    /1 of the migrations .*"20261101000011_session_is_live\.sql"/,
  );
});

Deno.test("migrations fails when the database has never had one", async () => {
  const move = (from: string, to: string) => `alter schema ${from} rename to ${to}`;
  await checkWith(
    {
      change: move("supabase_migrations", "moved_away"),
      undo: move("moved_away", "supabase_migrations"),
    },
    "migrations",
    /no record of migrations/,
  );
});

Deno.test("migrations is not checked as a role that may not read the record", async () => {
  const database = fixture.stack.database.connectAs("authenticator", { max: 1 });
  const findings = await fixture.runChecks(null, { account: null, database });
  assertFinding(findings, "migrations", { result: "not_checked", says: /permission denied/ });
  assertFinding(findings, "grants", { result: "ok", says: /and nothing else/ });
});

for (
  const [what, change, undo, says] of [
    [
      "a table is opened",
      "grant select on public.sessions to service_role",
      "revoke select on public.sessions from service_role",
      /too much: "service_role may select table public\.sessions"/,
    ],
    [
      "a table takes somebody's triggers, which would run as its owner",
      "grant trigger on public.sessions to service_role",
      "revoke trigger on public.sessions from service_role",
      /too much: "service_role may add triggers to table public\.sessions"/,
    ],
    [
      "somebody's foreign key may hold our rows",
      "grant references (id) on public.sessions to anon",
      "revoke references (id) on public.sessions from anon",
      /too much: "anon may reference table public\.sessions"/,
    ],
    [
      "somebody may put functions beside ours",
      "grant create on schema unified_auth to authenticated",
      "revoke create on schema unified_auth from authenticated",
      /too much: "authenticated may create in schema unified_auth"/,
    ],
    [
      "a column is opened",
      "grant select (user_id) on public.session_events to authenticated",
      "revoke select (user_id) on public.session_events from authenticated",
      /too much: "authenticated may select table public\.session_events"/,
    ],
    [
      "a function is opened to everybody",
      "grant execute on function public.purge_sessions to public",
      "revoke execute on function public.purge_sessions from public",
      /"anon may execute function public\.purge_sessions.*"authenticated may execute/,
    ],
    [
      "the inner schema is opened",
      "grant usage on schema unified_auth to anon",
      "revoke usage on schema unified_auth from anon",
      /too much: "anon may use schema unified_auth"/,
    ],
    [
      "a sequence is opened",
      "grant usage on sequence public.session_events_id_seq to service_role",
      "revoke usage on sequence public.session_events_id_seq from service_role",
      /too much: "service_role may use sequence public\.session_events_id_seq"/,
    ],
    [
      "a function is closed to the secret key",
      "revoke execute on function public.rotate_session from service_role",
      "grant execute on function public.rotate_session to service_role",
      /missing: "service_role may execute function public\.rotate_session/,
    ],
    [
      "row level security is off",
      "alter table public.sessions disable row level security",
      "alter table public.sessions enable row level security",
      /"row level security is off on public\.sessions"/,
    ],
  ] as const
) {
  Deno.test(`grants fails when ${what}`, async () => {
    await checkWith({ change, undo }, "grants", says);
  });
}

Deno.test("grants says nothing of what else the project has", async () => {
  await sql.unsafe(`
    create table public.notes (id int primary key);
    grant select on public.notes to anon;
    create function public.notes_count() returns bigint language sql
      as 'select count(*) from public.notes'`);
  const findings = await fixture.runChecks(null, { account: null, database: sql });
  assertFinding(findings, "grants", { result: "ok", says: /and nothing else/ });
});

Deno.test("the designed grants are those of the reviewed dump, to the last", async () => {
  const dump = await Deno.readTextFile("docs/schema.sql");
  const written = dump.split("\n").filter((line) => line.startsWith("grant "));
  assert.ok(written.length >= 12);
  assert.equal(readDesignedGrants(dump).length, written.length);
});

for (
  const [what, change, undo, says] of [
    [
      "postgres lost its right to lock a user",
      "revoke update on auth.users from postgres",
      "grant update on auth.users to postgres",
      /missing: "postgres may update table auth\.users"/,
    ],
    [
      "the secret key cannot reach the functions",
      "revoke usage on schema public from service_role, public",
      "grant usage on schema public to service_role, public",
      /missing: "service_role may use schema public"/,
    ],
  ] as const
) {
  Deno.test(`grants fails when ${what}, which no migration of ours gives`, async () => {
    const admin = fixture.stack.database.connectAs("supabase_admin", { max: 1 });
    await admin.unsafe(change);
    const findings = await fixture.runChecks(null, { account: null, database: sql });
    await admin.unsafe(undo);
    assertFinding(findings, "grants", { result: "failed", says });
  });
}

Deno.test("event_ids fails when a copy of the rows has left their sequence behind, and the page's statement mends it", async () => {
  const [, statement = ""] = /The ids of events\.[\s\S]*?```sql run\n([\s\S]*?)^```$/m.exec(
    await readDocument("docs/operations.md"),
  ) ?? [];
  await sql`
    insert into public.session_events (event) select 'refresh' from generate_series(1, 3)`;
  await checkWith(
    {
      change: `select setval(pg_get_serial_sequence('public.session_events', 'id'), 1)`,
      undo: statement,
    },
    "event_ids",
    /every login and refresh answers 503/,
  );
  const findings = await fixture.runChecks(null, { account: null, database: sql });
  assertFinding(findings, "event_ids", { result: "ok", says: /an unused id/ });
  await sql`insert into public.session_events (event) values ('refresh')`;
});
