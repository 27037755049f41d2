import assert from "node:assert/strict";
import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { purgeUntilDone } from "../../../tools/retention.ts";
import { readDocument } from "../docs/markdown.ts";
import { runTask } from "../audits/run_task.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { readEvents } from "../../harness/session_tables.ts";
import { codeOf, openBrowser } from "../http/browser.ts";
import { createSession, multiplyDead, rotateSession } from "./sessions_by_sql.ts";

const DAY = 86_400;

Deno.test("a tombstone is kept for 90 days and notices its token; live sessions are never purged", async () => {
  await using server = await openTestServer();
  await using stack = await server.startStack({ functions: ["unified-auth"] });
  const sql = stack.database.connect();
  const service = stack.database.connectAs("service_role", { max: 1 });

  const live = openBrowser(stack);
  const liveId = (await live.login(SEED_USERS.ada)).session.id;
  await ageSession(sql, liveId, 29 * DAY);
  const gone = openBrowser({ ...stack, userAgent: "Gone" });
  const goneId = (await gone.login(SEED_USERS.grace)).session.id;
  const thief = gone.copy({ userAgent: "Thief" });
  const laterThief = thief.copy();
  await gone.logout();

  await ageSession(sql, goneId, 89 * DAY);
  assert.equal((await purgeUntilDone(service)).sessions, 0);
  assert.equal(codeOf(await thief.refresh()), "session_revoked");
  const [used] = await sql`
    select count(*)::int as count from public.session_events
    where event = 'used_after_revocation' and session_id = ${goneId}`;
  assert.equal(used?.["count"], 1);

  await ageSession(sql, goneId, 2 * DAY);
  assert.equal((await purgeUntilDone(service)).sessions, 1);
  assert.equal(codeOf(await laterThief.refresh()), "session_not_found");

  assert.equal((await live.refresh()).status, 200, "29 days asleep, and still signed in");
});

Deno.test("an expired session that nobody ended leaves an event when it is purged", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const service = database.connectAs("service_role", { max: 1 });
  const id = await createSession(service);
  await ageSession(sql, id, (30 + 89) * DAY);
  assert.equal((await purgeUntilDone(service)).sessions, 0);
  await ageSession(sql, id, 2 * DAY);
  assert.equal((await purgeUntilDone(service)).sessions, 1);
  assert.deepEqual(await readEvents(sql, id), ["login", "expired_purged"]);
});

Deno.test("events are kept for 180 days, throttle buckets for one", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const service = database.connectAs("service_role", { max: 1 });
  const [pair, account] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
  for (const days of [181, 179]) {
    await service`
      select public.check_login_allowed(
        array[${pair}, ${account}]::bytea[], array[5, 5], array[60, 60], array[60, 60])`;
    await service`
      select public.record_login_failure(
        array[${pair}, ${account}]::bytea[], null, 'wrong', null)`;
    await sql`
      update public.session_events set occurred_at = occurred_at - make_interval(days => ${days})
      where occurred_at > now() - interval '1 hour'`;
  }
  assert.deepEqual(await purgeUntilDone(service), {
    sessions: 0,
    events: 1,
    throttleBuckets: 0,
    batches: 2,
  });
  await sql`
    update unified_auth.login_throttle set charged_at = now() - interval '25 hours'
    where bucket = ${account}`;
  assert.equal((await purgeUntilDone(service)).throttleBuckets, 1);
});

Deno.test("an event of before the clock was set back holds up no other, and goes with the next one", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const service = database.connectAs("service_role", { max: 1 });
  // More than a batch of them, ahead of the clock by a year.
  await sql`
    insert into public.session_events (event, occurred_at)
    select 'refresh', now() + interval '1 year' from generate_series(1, 30)`;
  await sql`
    insert into public.session_events (event, occurred_at)
    select 'refresh', now() - make_interval(days => days)
    from unnest(array_fill(179, array[5]) || array_fill(178, array[5])) as days`;
  const purge = async () => (await purgeUntilDone(service, { batchSize: 20 })).events;
  assert.equal(await purge(), 0, "nothing that came after them is old");
  await sql`
    update public.session_events set occurred_at = occurred_at - interval '2 days'
    where occurred_at < now() - interval '178 days 1 hour'`;
  assert.equal(await purge(), 35);
  assert.equal(await purge(), 0);
  const left = await sql<{ ahead: boolean }[]>`
    select occurred_at > now() as ahead from public.session_events where event = 'refresh'`;
  assert.deepEqual(left.map(({ ahead }) => ahead), Array(5).fill(false));
});

Deno.test("events that were put back from a backup are purged once the page's statement has run", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const service = database.connectAs("service_role", { max: 1 });
  const old = () =>
    sql`
      insert into public.session_events (id, event, occurred_at)
      overriding system value
      select n, 'refresh', now() - interval '200 days' from generate_series(101, 110) as n`;
  await old();
  await sql`
    insert into public.session_events (id, event, occurred_at)
    overriding system value values (1000, 'refresh', now())`;
  assert.equal((await purgeUntilDone(service)).events, 10);
  await old();
  await sql.unsafe(await readStatement("unified_auth.oldest_event"));
  assert.equal((await purgeUntilDone(service)).events, 10);
});

/** The block of the operators' page that names this. */
async function readStatement(naming: string): Promise<string> {
  const page = await readDocument("docs/operations.md");
  const blocks = [...page.matchAll(/^```sql run\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
  return blocks.find((text) => text.includes(naming)) ?? assert.fail(naming);
}

Deno.test("a purge under way makes no rotation wait, and waits for none", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const service = database.connectAs("service_role", { max: 1 });
  const live = await createSession(service);
  const dead = await createSession(service);
  const held = await createSession(service);
  await sql`
    update public.sessions
    set is_valid = false, revoked_reason = 'logout', revoked_at = now() - interval '91 days'
    where id in (${dead}, ${held})`;

  const purger = database.connectAs("service_role", { max: 1 });
  const holder = database.connect({ max: 1 });
  await holder.begin(async (holding) => {
    await holding`select 1 from public.sessions where id = ${held} for update`;
    await purger.begin(async (purging) => {
      await purging`set local lock_timeout = '1ms'`;
      const [batch] = await purging`select * from public.purge_sessions()`;
      assert.equal(batch?.["purged_sessions"], 1, "the row that somebody holds is left");
      // The batch's locks are held now. The shortest wait there is would fail this.
      await service.begin(async (rotating) => {
        await rotating`set local lock_timeout = '1ms'`;
        assert.equal(await rotateSession(rotating, { id: live, generation: 1 }), "rotated");
      });
    });
  });
  assert.deepEqual((await purgeUntilDone(service)).sessions, 1, "and goes with the next one");
});

Deno.test("two purges at once share the work", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const service = database.connectAs("service_role", { max: 2 });
  const id = await createSession(service);
  await multiplyDead(sql, { id, count: 2_000, days: 200 });
  const both = await Promise.all([1, 2].map(() => purgeUntilDone(service, { batchSize: 100 })));
  assert.equal(both.reduce((sum, { sessions }) => sum + sessions, 0), 2_000);
  const [left] = await sql`select count(*)::int as count from public.sessions`;
  assert.equal(left?.["count"], 1);
});

Deno.test("a table that one batch cannot look through is purged whole, whichever window comes first", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const service = database.connectAs("service_role", { max: 1 });
  const id = await createSession(service);
  // Rows of 2 kB fill the 16 MB of a window with 8,000 of them.
  await sql`
    update public.sessions
    set user_agent = (select string_agg(md5(n::text), '') from generate_series(1, 50) as n)
    where id = ${id}`;
  await multiplyDead(sql, { id, count: 9_000, days: 200 });
  const [skipped] = await sql`select nextval('unified_auth.purge_windows')`;
  assert.equal(skipped?.["nextval"], "0");
  const [batch] = await service`select * from public.purge_sessions(p_batch_size => 1)`;
  assert.deepEqual([batch?.["windows"], batch?.["purged_sessions"]], [2, 1]);

  const purged = await purgeUntilDone(service, { batchSize: 1_000 });
  assert.equal(purged.sessions, 8_999);
  const left = await sql`select id from public.sessions`;
  assert.deepEqual([...left], [{ id }]);
});

Deno.test("rotations go on while 20,000 tombstones are purged: none fails, none waits out its lock", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const service = database.connectAs("service_role", { max: 4 });
  const ids = await Promise.all(Array.from({ length: 4 }, () => createSession(service)));
  const generations = new Map(ids.map((id) => [id, 1]));

  const alone = await rotateWhile(service, { generations, until: after(60) });
  await multiplyDead(sql, { id: ids[0] ?? "", count: 20_000, days: 200 });
  const purger = database.connectAs("service_role", { max: 1 });
  const purging = purgeUntilDone(purger, { batchSize: 500 });
  const during = await rotateWhile(service, { generations, until: settled(purging) });
  const purged = await purging;

  assert.equal(purged.sessions, 20_000);
  assert.ok(purged.batches > 40, `bounded batches: ${purged.batches}`);
  assert.deepEqual([...alone.outcomes, ...during.outcomes], ["rotated", "rotated"]);
  assert.ok(during.waitsMs.length >= 40, `${during.waitsMs.length} rotations beside the purge`);
  // `lock_timeout` is 2 s. A rotation shares the machine with the purge, and nothing else.
  const slowestMs = Math.max(...during.waitsMs);
  const boundMs = Math.max(500, 10 * Math.max(...alone.waitsMs));
  assert.ok(slowestMs < boundMs, `slowest ${slowestMs} ms, bound ${boundMs} ms`);
  const [live] = await sql`select count(*)::int as count from public.sessions where is_valid`;
  assert.equal(live?.["count"], 4);
});

Deno.test("purge runs from the command line", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const id = await createSession(database.connectAs("service_role", { max: 1 }));
  await multiplyDead(sql, { id, count: 7, days: 100 });
  const purge = await runTask("tools/purge.ts", ["--remote", database.url, "--batch-size", "5"]);
  assert.deepEqual(
    [purge.code, purge.stdout],
    [0, "purged 7 sessions, 0 events and 0 throttle buckets in 3 batches\n"],
    purge.stderr,
  );
  for (const days of ["0", "24856", "36500"]) {
    const wrong = await runTask("tools/purge.ts", ["--event-days", days]);
    assert.deepEqual([wrong.code, wrong.stderr.startsWith("purge: --event-days")], [2, true], days);
  }
  const longest = await runTask("tools/purge.ts", [
    "--remote",
    database.url,
    "--tombstone-days=24855",
    "--event-days=24855",
  ]);
  assert.equal(longest.code, 0, longest.stderr);
});

interface Rotations {
  readonly waitsMs: readonly number[];
  readonly outcomes: ReadonlySet<string>;
}

/** Rotates every session over and over, at least once each. */
async function rotateWhile(
  service: postgres.ISql,
  { generations, until }: {
    readonly generations: Map<string, number>;
    readonly until: () => boolean;
  },
): Promise<Rotations> {
  const waitsMs: number[] = [];
  const outcomes = new Set<string>();
  await Promise.all([...generations.keys()].map(async (id) => {
    do {
      const generation = generations.get(id) ?? 1;
      const startedAt = performance.now();
      outcomes.add(await rotateSession(service, { id, generation }));
      waitsMs.push(performance.now() - startedAt);
      generations.set(id, generation + 1);
    } while (!until());
  }));
  return { waitsMs, outcomes };
}

function after(count: number): () => boolean {
  let asked = 0;
  return () => ++asked >= count;
}

function settled(promise: Promise<unknown>): () => boolean {
  let done = false;
  const finish = () => {
    done = true;
  };
  promise.then(finish, finish);
  return () => done;
}
