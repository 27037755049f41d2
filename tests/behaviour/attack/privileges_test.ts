import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { writeComposite } from "../../../supabase/functions/_shared/store/postgres/composites.ts";
import { toBytea } from "../../../supabase/functions/_shared/store/bytea.ts";
import { POLICY_ARGUMENT } from "../sql/sql_sessions.ts";

const server = await openTestServer();
const stack = await server.startStack({ functions: [] });
Deno.test.afterAll(async () => {
  await stack.stop();
  await server.close();
});

const { database } = stack;
const owner = database.connect({ max: 1 });

const TABLES = ["public.sessions", "public.session_events", "unified_auth.login_throttle"];

const FUNCTIONS = [
  "check_access_token_hook",
  "check_login_allowed",
  "create_session",
  "database_is_read_only",
  "list_user_sessions",
  "purge_sessions",
  "record_login_failure",
  "revoke_session",
  "revoke_user_sessions",
  "rotate_session",
  "unified_auth_last_migration",
  "unified_auth_recall_answer",
  "unified_auth_remember_answer",
  "unified_auth_validate_sessions",
  "validate_session",
];

const INSUFFICIENT_PRIVILEGE = "42501";

async function codeOf(work: PromiseLike<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error: unknown) {
    return String((error as postgres.PostgresError).code);
  }
}

Deno.test("no role of the data API reads or writes a table", async () => {
  for (const role of ["anon", "authenticated", "service_role"]) {
    const sql = database.connectAs(role, { max: 1 });
    for (const table of TABLES) {
      const key = table.endsWith("throttle") ? "bucket" : "ip";
      const statements = [
        `select * from ${table}`,
        `select count(*) from ${table}`,
        `insert into ${table} (${key}) values (null)`,
        `update ${table} set ${key} = ${key} where true`,
        `delete from ${table} where true`,
        `truncate ${table}`,
        `copy ${table} to stdout`,
      ];
      for (const statement of statements) {
        const code = await codeOf(sql.unsafe(statement));
        assert.equal(code, INSUFFICIENT_PRIVILEGE, `${role}: ${statement}`);
      }
    }
    const draw = sql`select nextval('public.session_events_id_seq')`;
    assert.equal(await codeOf(draw), INSUFFICIENT_PRIVILEGE, role);
  }
});

Deno.test("a grant given by mistake opens nothing to a visitor or a user", async () => {
  await owner.unsafe(`
    insert into public.sessions (id, user_id, created_at, last_active_at, access_token_expires_at,
      refresh_token_expires_at, refresh_token_hash, issued_at, aal, amr)
    select gen_random_uuid(), '${SEED_USERS.ada.id}', now(), now(), now(), now() + interval '1 day',
      sha256('a'), now(), 'aal1', '[]';
    grant all on public.sessions, public.session_events to anon, authenticated;
  `);
  for (const role of ["anon", "authenticated"]) {
    const sql = database.connectAs(role, { max: 1 });
    assert.equal((await sql`select * from public.sessions`).length, 0, role);
    const { count } = await sql`delete from public.sessions where true`;
    assert.equal(count, 0, role);
    const insert = sql`insert into public.session_events (event) values ('login')`;
    assert.equal(await codeOf(insert), INSUFFICIENT_PRIVILEGE, role);
  }
  await owner`
    revoke all on public.sessions, public.session_events from anon, authenticated`;
});

Deno.test("of the data API's roles only service_role may call the functions", async () => {
  const rows = await owner`
    select p.proname as name, r.role
    from pg_proc as p
    cross join unnest(array['anon', 'authenticated', 'service_role']) as r (role)
    where p.pronamespace = 'public'::regnamespace
      and p.proname = any (${FUNCTIONS})
      and has_function_privilege(r.role, p.oid, 'execute')
    order by 1`;
  assert.deepEqual(
    rows.map(({ name, role }) => `${role} ${name}`),
    FUNCTIONS.map((name) => `service_role ${name}`),
  );
});

/** Functions that run as their owner and that somebody without a secret key may call. */
async function openDefinerFunctions(): Promise<readonly string[]> {
  const rows = await owner`
    select distinct p.oid::regprocedure::text as function
    from pg_proc as p
    cross join unnest(array['public', 'anon', 'authenticated']) as r (role)
    where p.pronamespace = 'public'::regnamespace
      and p.prosecdef
      and has_function_privilege(r.role, p.oid, 'execute')`;
  return rows.map((row) => row["function"]);
}

Deno.test("no definer function in an exposed schema is open to everybody", async () => {
  assert.deepEqual(await openDefinerFunctions(), []);
  await owner.unsafe(`
    create function public.open_to_all() returns int language sql security definer as 'select 1'`);
  assert.deepEqual(await openDefinerFunctions(), ["open_to_all()"], "the audit itself finds one");
  await owner`drop function public.open_to_all()`;
});

/** Functions of ours with another search path than the one that leaves nothing to callers. */
async function unpinnedFunctions(): Promise<readonly string[]> {
  const rows = await owner`
    select p.oid::regprocedure::text as function
    from pg_proc as p
    where (
        p.pronamespace = 'unified_auth'::regnamespace
        or (p.pronamespace = 'public'::regnamespace and p.proname = any (${[
    ...FUNCTIONS,
    "session_is_live",
    "unpinned",
  ]}))
      )
      and not ('search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{}')))`;
  return rows.map((row) => row["function"]);
}

Deno.test("every function names pg_temp last in its search path", async () => {
  assert.deepEqual(await unpinnedFunctions(), []);
  await owner.unsafe(`
    create function public.unpinned() returns int language sql set search_path = '' as 'select 1'`);
  assert.deepEqual(await unpinnedFunctions(), ["unpinned()"], "the audit itself finds one");
  await owner`drop function public.unpinned()`;
});

Deno.test("a type of a caller's own never runs as the owner of a function", async () => {
  const service = database.connectAs("service_role", { max: 1 });
  await service.unsafe(`
    create function pg_temp.spy(text) returns boolean language plpgsql as $spy$
    begin
      raise exception 'ran as %', current_user using errcode = 'SPY01';
    end $spy$`);
  // Every type that a function names without its schema. Those with a keyword in the grammar,
  // as integer, are never looked for.
  for (const name of ["timestamptz", "text", "uuid", "bytea", "jsonb", "inet", "tid"]) {
    await service.unsafe(`
      create domain pg_temp.${name} as pg_catalog.${name}
        check (pg_temp.spy(value::pg_catalog.text))`);
  }
  await service.unsafe(`
    create temp table sessions (id uuid);
    create temp table session_events (id uuid);
    create temp table users (id uuid)`);
  const session = crypto.randomUUID();
  const lineage = new Uint8Array(8);
  const hash = (name: string) => new Uint8Array(createHash("sha256").update(name).digest());
  const literal = (...row: Parameters<typeof writeComposite>) => `'${writeComposite(...row)}'`;
  const place = { session_id: session, generation: 1, branch: 0 };
  const context = literal("request_context", { user_agent: "agent", request_id: "request" });
  const policy = literal("session_policy", POLICY_ARGUMENT);
  const acting = literal("token_place", place);
  const token = literal("presented_refresh_token", {
    ...place,
    hash: toBytea(hash("a")),
    lineage: toBytea(lineage),
  });
  const successor = literal("proposed_successor", {
    generation: 2,
    branch: 0,
    hash: toBytea(hash("b")),
    lineage: toBytea(lineage),
    salt: toBytea(new Uint8Array(16)),
    key_id: "key",
  });
  const buckets = "array[sha256('p'), sha256('a'), sha256('n')]";
  const calls = [
    `purge_sessions(1, 1000000000, 1000000000)`,
    `check_login_allowed(${buckets}, '{5,100,100}', '{900,36,36}', '{900,900,900}')`,
    `record_login_failure(${buckets}, null, 'invalid_credentials', ${context})`,
    `create_session('${session}', '${SEED_USERS.ada.id}', sha256('a'), '\\x0000000000000000', null,
      null, 'aal1', '[]', null, '{}', null, null, ${policy}, ${context})`,
    `check_access_token_hook('public.hook')`,
    `validate_session('${session}', 1, 0::smallint, true, ${policy}, ${context})`,
    `rotate_session(${token}, null, ${successor}, ${policy}, 'refresh', ${context})`,
    `list_user_sessions(${acting}, ${context})`,
    `revoke_session('${session}', 'logout', ${context}, p_access => ${acting})`,
    `revoke_user_sessions('global', ${context}, p_user_id => '${SEED_USERS.ada.id}')`,
  ];
  for (const call of calls) await service.unsafe(`select public.${call}`);
  const [row] = await owner<{ reason: string }[]>`
    select revoked_reason as reason from public.sessions where id = ${session}`;
  assert.equal(row?.reason, "logout", "the calls did what they are for");
  await assert.rejects(
    service.unsafe(`select '2026-01-01'::timestamptz`),
    { code: "SPY01" },
    "the trap itself works",
  );
});

Deno.test("only signed-in users enter the inner schema, and find one function there", async () => {
  const rows = await owner`
    select r.role, has_schema_privilege(r.role, 'unified_auth', 'usage') as enters,
      array(
        select p.proname::text from pg_proc as p
        where p.pronamespace = 'unified_auth'::regnamespace
          and has_function_privilege(r.role, p.oid, 'execute')
      ) as finds
    from unnest(array['anon', 'authenticated', 'service_role']) as r (role)`;
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { role: "anon", enters: false, finds: [] },
    { role: "authenticated", enters: true, finds: ["session_is_live"] },
    { role: "service_role", enters: false, finds: [] },
  ]);
});

Deno.test("the PostgREST emulator opens the tables with no key, and the functions with the secret keys alone", async () => {
  const { publishable, anon, secret, serviceRole } = stack.keys;
  const ask = async (path: string, key: string, body?: unknown) => {
    const response = await fetch(`${stack.baseUrl}/rest/v1${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { apikey: key, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text };
  };
  for (const key of [publishable, anon, secret, serviceRole]) {
    for (const table of ["sessions", "session_events"]) {
      const { status, text } = await ask(`/${table}`, key);
      assert.ok([401, 403].includes(status), `${status} ${text}`);
      assert.match(text, /42501/);
    }
    assert.equal((await ask("/login_throttle", key)).status >= 400, true);
    const allowed = await ask("/rpc/check_login_allowed", key, {
      p_buckets: [],
      p_free_failures: [],
      p_forgive_seconds: [],
      p_max_delay_seconds: [],
    });
    assert.equal(allowed.status === 200, key === secret || key === serviceRole, allowed.text);
    const purged = await ask("/rpc/purge_sessions", key, {
      p_batch_size: 1,
      p_tombstone_seconds: 1,
      p_event_retention_seconds: 1,
    });
    assert.equal(purged.status === 200, key === secret || key === serviceRole, purged.text);
    const inner = await fetch(`${stack.baseUrl}/rest/v1/rpc/session_is_live`, {
      method: "POST",
      headers: { apikey: key, "content-profile": "unified_auth" },
    });
    assert.match(await inner.text(), /PGRST106/);
  }
});

/** Functions that read our tables for an API role without a limit on the wait for a lock, or with a long one. */
const WAITS_LONG = `
  select p.oid::regprocedure::text as name
  from pg_proc as p
  where (
      p.pronamespace = 'public'::regnamespace
        and has_function_privilege('service_role', p.oid, 'execute')
        and not has_function_privilege('anon', p.oid, 'execute') -- what is the app's
      or p.pronamespace = 'unified_auth'::regnamespace
        and has_function_privilege('authenticated', p.oid, 'execute')
    )
    and not exists (
      select 1
      from unnest(p.proconfig) as s (setting)
      where s.setting ~ '^lock_timeout=[12]s$'
    )`;

Deno.test("each function that an API role may call gives a lock up before its caller's deadline", async () => {
  assert.deepEqual([...await owner.unsafe(WAITS_LONG)], []);
  await using other = await server.createDatabase();
  const sql = other.connect({ max: 1 });
  await sql`alter function public.validate_session reset lock_timeout`;
  await sql`alter function unified_auth.session_is_live reset lock_timeout`;
  const names = (await sql.unsafe(WAITS_LONG)).map(({ name }) => /\w+(?=\()/.exec(name)?.[0])
    .sort();
  assert.deepEqual(names, ["session_is_live", "validate_session"]);
});
