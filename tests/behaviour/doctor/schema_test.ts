import assert from "node:assert/strict";
import { assertFinding, openDoctorFixture } from "./fixture.ts";

const fixture = await openDoctorFixture({ functions: [] });
Deno.test.afterAll(() => fixture.close());

const { sql, stack } = fixture;

/** Supabase's superuser, who restores dumps and owns `auth.users`. */
const admin = stack.database.connectAs("supabase_admin", { max: 1 });

const TRIGGER = "unified_auth_end_sessions";

/** Changes that leave the record of migrations as it is, and what takes each back. */
const CHANGES: readonly {
  readonly what: string;
  readonly change: string;
  readonly undo: string;
  readonly says: RegExp;
}[] = [
  {
    what: "the trigger on auth.users is disabled",
    change: `alter table auth.users disable trigger ${TRIGGER}`,
    undo: `alter table auth.users enable trigger ${TRIGGER}`,
    says: /fires of "trigger unified_auth_end_sessions on auth\.users" is "no" instead of "yes"/,
  },
  {
    what: "the trigger on auth.users fires on replicas only",
    change: `alter table auth.users enable replica trigger ${TRIGGER}`,
    undo: `alter table auth.users enable trigger ${TRIGGER}`,
    says: /is "on replicas only" instead of "yes"/,
  },
  {
    what: "somebody's trigger is on our table",
    change: `
      create function public.swallow() returns trigger language plpgsql as 'begin return null; end';
      create trigger swallow before insert on public.session_events
        for each row execute function public.swallow()`,
    undo: "drop function public.swallow() cascade",
    says: /"trigger swallow on public\.session_events" was added/,
  },
  {
    what: "somebody's rule is on our table",
    change: "create rule swallow as on delete to public.session_events do instead nothing",
    undo: "drop rule swallow on public.session_events",
    says: /"rule swallow of table public\.session_events" was added/,
  },
  {
    what: "the cascade from auth.users is gone",
    change: "alter table public.sessions drop constraint sessions_user_id_fkey",
    undo: `alter table public.sessions add constraint sessions_user_id_fkey
      foreign key (user_id) references auth.users (id) on delete cascade`,
    says: /"constraint sessions_user_id_fkey of table public\.sessions" is missing/,
  },
  {
    what: "the cascade from auth.users is disabled with its triggers",
    change: "alter table public.sessions disable trigger all",
    undo: "alter table public.sessions enable trigger all",
    says: /enforced of "constraint sessions_user_id_fkey .*" is "not always" instead of "always"/,
  },
  {
    what: "a policy lets somebody in",
    change: `alter policy sessions_only_through_functions on public.sessions using (true)`,
    undo: `alter policy sessions_only_through_functions on public.sessions using (false)`,
    says: /definition of "policy sessions_only_through_functions of table public\.sessions"/,
  },
  {
    what: "row level security is off",
    change: "alter table public.session_events disable row level security",
    undo: "alter table public.session_events enable row level security",
    says: /row level security of "table public\.session_events" is "off" instead of "on"/,
  },
  {
    what: "a constraint is not validated",
    change: `
      alter table public.sessions drop constraint sessions_valid_until_revoked;
      alter table public.sessions add constraint sessions_valid_until_revoked
        check (is_valid = (revoked_at is null)) not valid`,
    undo: "alter table public.sessions validate constraint sessions_valid_until_revoked",
    says: /definition of "constraint sessions_valid_until_revoked of table public\.sessions"/,
  },
  {
    what: "an index is gone",
    change: "drop index public.sessions_user_id_idx",
    undo: "create index sessions_user_id_idx on public.sessions (user_id)",
    says: /"index public\.sessions_user_id_idx" is missing/,
  },
  {
    what: "a function has another owner",
    change: "alter function public.purge_sessions owner to supabase_admin",
    undo: "alter function public.purge_sessions owner to postgres",
    says:
      /owner of "function public\.purge_sessions\(.*" is "supabase_admin" instead of "postgres"/,
  },
  {
    what: "a function has another setting",
    change: "alter function public.purge_sessions set row_security = off",
    undo: "alter function public.purge_sessions reset row_security",
    says: /settings of "function public\.purge_sessions\(/,
  },
  {
    what: "a function runs with the rights of its caller",
    change: "alter function public.purge_sessions security invoker",
    undo: "alter function public.purge_sessions security definer",
    says: /rights of "function .*" is "of its caller" instead of "of its owner"/,
  },
  {
    what: "a view reads with the rights of its owner",
    change: "alter view unified_auth.live_sessions reset (security_invoker)",
    undo: "alter view unified_auth.live_sessions set (security_invoker = true)",
    says: /options of "view unified_auth\.live_sessions" is "nothing" instead of "security_invoker/,
  },
  {
    what: "a column allows nulls",
    change: "alter table public.sessions alter column user_id drop not null",
    undo: "alter table public.sessions alter column user_id set not null",
    says: /definition of "column public\.sessions\.user_id" is "uuid" instead of "uuid not null"/,
  },
  {
    what: "an enumeration has another value",
    change: "alter type public.logout_scope rename value 'others' to 'other'",
    undo: "alter type public.logout_scope rename value 'other' to 'others'",
    says: /values of "type public\.logout_scope" is "local, other, global" instead of/,
  },
  {
    what: "an older form of a function was left behind",
    change: `create function public.purge_sessions(p_all boolean) returns integer
      language sql as 'select 1'`,
    undo: "drop function public.purge_sessions(boolean)",
    says: /"function public\.purge_sessions\(boolean\)" was added/,
  },
  {
    what: "the inner schema belongs to somebody else",
    change: "alter schema unified_auth owner to supabase_auth_admin",
    undo: "alter schema unified_auth owner to postgres",
    says: /owner of "schema unified_auth" is "supabase_auth_admin" instead of "postgres"/,
  },
];

for (const { what, change, undo, says } of CHANGES) {
  Deno.test(`schema fails when ${what}, though every migration has been applied`, async () => {
    await admin.unsafe(change);
    const findings = await fixture.runChecks(null, { account: null, database: sql });
    await admin.unsafe(undo);
    assertFinding(findings, "migrations", { result: "ok", says: /Every migration/ });
    assertFinding(findings, "schema", { result: "failed", says });
    assert.match(findings.schema.remedy ?? "", /Restored from a backup/);

    const after = await fixture.runChecks(null, { account: null, database: sql });
    assertFinding(after, "schema", { result: "ok", says: /is there as made/ });
  });
}

Deno.test("schema fails when the body of a function is another", async () => {
  const [row = assert.fail()] = await sql<{ definition: string }[]>`
    select pg_get_functiondef('public.purge_sessions'::regproc) as definition`;
  await sql.unsafe(row.definition.replace("begin", "begin perform 1;"));
  const findings = await fixture.runChecks(null, { account: null, database: sql });
  await sql.unsafe(row.definition);
  assertFinding(findings, "schema", { result: "failed", says: /body of "function .*" differs/ });
});

Deno.test("schema warns of an index that somebody added, which may be meant", async () => {
  await sql`create index by_device on public.sessions (device_name)`;
  const findings = await fixture.runChecks(null, { account: null, database: sql });
  await sql`drop index public.by_device`;
  assertFinding(findings, "schema", { result: "warning", says: /"index public\.by_device"/ });
});

Deno.test("schema says nothing of what else the project has, nor of what an operator may tune", async () => {
  await admin.unsafe(`
    create table public.notes (id int primary key, user_id uuid references auth.users (id));
    create type public.mood as enum ('good');
    create function public.notes_count() returns bigint language sql
      as 'select count(*) from public.notes';
    create trigger theirs before update on auth.users
      for each row execute function pg_catalog.suppress_redundant_updates_trigger();
    alter table public.sessions set (autovacuum_vacuum_scale_factor = 0.05, fillfactor = 60);
    comment on table public.sessions is 'ours'`);
  const findings = await fixture.runChecks(null, { account: null, database: sql });
  assertFinding(findings, "schema", { result: "ok", says: /is there as made/ });
});

Deno.test("grants fails when a role that is not the API's was let in", async () => {
  await admin.unsafe(`
    create role reports_of_somebody;
    grant select on public.sessions to reports_of_somebody`);
  const findings = await fixture.runChecks(null, { account: null, database: sql });
  await admin.unsafe("drop owned by reports_of_somebody; drop role reports_of_somebody");
  assertFinding(findings, "grants", {
    result: "failed",
    says: /too much: "reports_of_somebody may select table public\.sessions"/,
  });
});

Deno.test("a database without the migrations differs in everything, and the list is cut", async () => {
  const database = stack.database.connectAs("supabase_admin", { max: 1, database: "postgres" });
  const findings = await fixture.runChecks(null, { account: null, database });
  assertFinding(findings, "schema", { result: "failed", says: /and \d+ more/ });
});
