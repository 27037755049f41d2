import assert from "node:assert/strict";
import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { CHECK_IDS } from "../../../tools/doctor/finding.ts";
import { makeAuditFixture } from "../audits/audit_fixture.ts";
import { openBrowser } from "../http/browser.ts";
import { readDocument, readTableRows } from "./markdown.ts";

const PAGE = await readDocument("docs/operations.md");

interface Query {
  /** The end of the text before it. */
  readonly lead: string;
  readonly marks: string;
  readonly text: string;
}

const QUERIES: readonly Query[] = [
  ...PAGE.matchAll(/([^\n]+)\n\n```sql([^\n]*)\n([\s\S]*?)^```$/gm),
]
  .map(([, lead = "", marks = "", text = ""]) => ({ lead, marks, text }));
const ALERTS = QUERIES.filter(({ marks }) => marks.includes("alert"));

const server = await openTestServer();
Deno.test.afterAll(() => server.close());

Deno.test("every query of the page runs as it stands, and says that it does", async () => {
  await using fixture = await makeAuditFixture(server);
  assert.equal(QUERIES.length, PAGE.split("```sql").length - 1);
  for (const { marks, text } of QUERIES) {
    assert.match(marks, /^ run(?: alert)?$/, text);
    await rolledBack(fixture.sql, (tx) => tx.unsafe(text));
  }
});

Deno.test("nobody is woken for a project where people sign in and refresh", async () => {
  await using stack = await server.startStack({ functions: ["unified-auth"] });
  const sql = stack.database.connect({ max: 1 });
  const browser = openBrowser({ ...stack, ip: "198.51.100.1" });
  await browser.login(SEED_USERS.ada);
  await browser.refresh();
  await browser.logout();
  assert.ok(ALERTS.length >= 8);
  for (const { lead, text } of ALERTS) assert.deepEqual([...await sql.unsafe(text)], [], lead);
});

function happened(event: string, times = 1): string {
  return `
    insert into public.session_events (event, ip)
    select '${event}', '192.0.2.1'
    from generate_series(1, ${times});`;
}

/** The events that each alert needs, by the first words of the text before it. */
const OCCASIONS: readonly (readonly [lead: string, occasion: string])[] = [
  ["A token was presented", happened("key_compromise_suspected")],
  ["Copied tokens", happened("reuse_detected", 5)],
  ["was granted, and each session", happened("proof_refused", 5)],
  [
    "One at a time it is a browser",
    `insert into public.session_events (event, ip, user_id)
     select 'rebound', '192.0.2.1', gen_random_uuid() from generate_series(1, 5)`,
  ],
  [
    "the middle of a refresh does",
    `insert into public.session_events (event, ip, session_id)
     select e.event::public.session_event, e.ip::inet, s.id
     from (select gen_random_uuid() as id from generate_series(1, 10)) as s,
       (values (1, 'refresh', '192.0.2.1'), (2, 'replay', '192.0.2.2')) as e (n, event, ip)
     order by e.n`,
  ],
  ["Refreshes that fail", happened("reuse_detected") + happened("refresh", 20)],
  [
    "Somebody guesses",
    `insert into public.session_events (event, ip, detail)
     select 'login_failed', '203.0.113.9', jsonb_build_object('account', n::text)
     from generate_series(1, 20) as n`,
  ],
  [
    "Somebody guesses",
    `insert into public.session_events (event, ip, detail)
     select 'login_failed', ('203.0.113.' || n)::inet, '{"account": "one"}'
     from generate_series(1, 20) as n`,
  ],
  [
    "No address arrives",
    "insert into public.session_events (event) select 'login' from generate_series(1, 10)",
  ],
  [
    "Nothing purges",
    `insert into public.session_events (event, occurred_at)
     values ('login', now() + interval '1 year'), ('login', now() - interval '188 days')`,
  ],
];

Deno.test("an alert answers when there is what it is for", async () => {
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  for (const [lead, occasion] of OCCASIONS) {
    const { text } = findAlert(lead);
    await rolledBack(sql, async (tx) => {
      await tx.unsafe(occasion);
      assert.equal((await tx.unsafe(text)).length, 1, `${lead}: ${occasion}`);
    });
  }
});

Deno.test("the alert for locks names who holds them, and the one for updates finds an index too many", async () => {
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const other = database.connect({ max: 1 });
  await rolledBack(other, async (tx) => {
    const [holder] = await tx`select pg_backend_pid() as pid`;
    await tx`select 1 from public.sessions for update`; // the weakest that holds up a refresh
    const soon = findAlert("Something holds locks").text.replace("10 seconds", "0 seconds");
    const rows = await sql.unsafe(soon);
    assert.deepEqual(rows.map(({ pid }) => pid), [holder?.["pid"]]);
  });

  await sql.unsafe(`
    create index too_many on public.sessions (last_active_at);
    insert into public.sessions (id, user_id, created_at, last_active_at, access_token_expires_at,
      refresh_token_expires_at, refresh_token_hash, issued_at, aal, amr)
    select gen_random_uuid(), '${SEED_USERS.ada.id}', now(), now(), now(), now() + interval '1 day',
      sha256('a'), now(), 'aal1', '[]'
    from generate_series(1, 1001);
    update public.sessions as s set last_active_at = now() + interval '1 second' where true;
    select pg_stat_force_next_flush();
  `);
  assert.equal((await sql.unsafe(findAlert("Rotations have stopped").text)).length, 1);
});

Deno.test("the playbooks end what they say: one user's sessions, and everybody's", async () => {
  await using fixture = await makeAuditFixture(server);
  const liveSessions = async (tx: postgres.TransactionSql, email: string) => {
    const [row] = await tx<{ live: number }[]>`
      select count(*)::int as live from unified_auth.live_sessions as s where s.email like ${email}`;
    return row?.live;
  };
  const oneUser = QUERIES.find(({ text }) => /'global'[\s\S]*where u\.email/.test(text));
  const everybody = QUERIES.find(({ text }) => /limit 1000/.test(text));
  assert.ok(oneUser && everybody);
  await rolledBack(fixture.sql, async (tx) => {
    assert.equal(await liveSessions(tx, SEED_USERS.ada.email), 2);
    const [answer] = await tx.unsafe(oneUser.text);
    assert.deepEqual([answer?.["outcome"], answer?.["ended"]], ["ended", 2]);
    assert.equal(await liveSessions(tx, SEED_USERS.ada.email), 0);
    assert.ok(Number(await liveSessions(tx, "%")) > 0);
    await tx.unsafe(everybody.text);
    assert.equal(await liveSessions(tx, "%"), 0);
  });
});

Deno.test("everybody else is signed out while somebody holds one user's session", async () => {
  await using fixture = await makeAuditFixture(server);
  const { database } = fixture.stack;
  const everybody = QUERIES.find(({ text }) => /limit 1000/.test(text)) ?? assert.fail();
  const operator = database.connect({ max: 1 });
  await rolledBack(database.connect({ max: 1 }), async (holding) => {
    const [held] = await holding<{ user: string }[]>`
      select s.user_id as user from public.sessions as s where s.is_valid limit 1 for update`;
    await operator.unsafe(everybody.text);
    const left = await operator<{ user: string }[]>`
      select distinct s.user_id as user from public.sessions as s where s.is_valid`;
    assert.deepEqual([...left], [{ user: held?.user }]);
  });
  await operator.unsafe(everybody.text);
  const left = await operator`select 1 from public.sessions as s where s.is_valid`;
  assert.deepEqual([...left], []);
});

Deno.test("somebody who asks to be forgotten leaves no event behind, and nobody else's is lost", async () => {
  await using fixture = await makeAuditFixture(server);
  const { ada } = SEED_USERS;
  const erase = QUERIES.find(({ text }) => /delete from public\.session_events/.test(text));
  assert.ok(erase);
  const events = async (tx: postgres.TransactionSql) => {
    const [row] = await tx<{ theirs: number; others: number }[]>`
      select
        count(*) filter (where e.user_id = ${ada.id})::int as theirs,
        count(*) filter (where e.user_id is distinct from ${ada.id})::int as others
      from public.session_events as e`;
    return row ?? assert.fail();
  };
  const admin = fixture.stack.database.connectAs("supabase_admin", { max: 1 });
  await rolledBack(admin, async (tx) => {
    await tx`delete from auth.users as u where u.id = ${ada.id}`;
    const before = await events(tx);
    assert.ok(before.theirs > 0 && before.others > 0);
    await tx.unsafe(erase.text.replace("00000000-0000-4000-8000-000000000000", ada.id));
    assert.deepEqual(await events(tx), { theirs: 0, others: before.others });
    const [row] = await tx<{ left: number }[]>`
      select count(*)::int as left from (
        select to_jsonb(e)::text as line from public.session_events as e
        union all
        select to_jsonb(s)::text from public.sessions as s
      ) as lines
      where lines.line like ${`%${ada.id}%`}`;
    assert.equal(row?.left, 0);
  });
});

Deno.test("the doctor's checks are those of the table, in their order", () => {
  const documented = readTableRows(PAGE).map(([id = ""]) => id)
    .filter((id) => (CHECK_IDS as readonly string[]).includes(id));
  assert.deepEqual(documented, CHECK_IDS);
});

function findAlert(lead: string): Query {
  return ALERTS.find((query) => query.lead.startsWith(lead)) ?? assert.fail(lead);
}

/** Whatever happens in it, nothing stays. */
async function rolledBack(
  sql: postgres.Sql,
  work: (tx: postgres.TransactionSql) => Promise<unknown>,
): Promise<void> {
  const undo = new Error("undo");
  await sql.begin(async (tx) => {
    await work(tx);
    throw undo;
  }).catch((thrown: unknown) => {
    if (thrown !== undo) throw thrown;
  });
}
