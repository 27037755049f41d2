import assert from "node:assert/strict";
import type postgres from "postgres";
import { ageSession } from "../http/aging.ts";
import { CHROME } from "../http/browser.ts";
import { openSqlFixture } from "./sql_fixture.ts";

const HOUR = 3600;

Deno.test("rotate_session answers each presented token by the rule", async (t) => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;

  await t.step("the current one, a moment old: unchanged", async () => {
    const token = await sessions.signIn(userId);
    const { answer, held } = await sessions.rotate(token);
    assert.equal(answer.outcome, "unchanged");
    assert.equal(held?.raw, token.raw);
    assert.deepEqual(await readRow(admin, token.sessionId), row({ generation: 1, salted: false }));
  });

  await t.step("the current one from another user agent: rotated at once", async () => {
    const { answer } = await sessions.rotate(await sessions.signIn(userId), CHROME);
    assert.equal(answer.outcome, "rotated");
  });

  await t.step("the predecessor within the window: the same successor", async () => {
    const token = await sessions.signIn(userId);
    await ageSession(admin, token.sessionId, HOUR);
    const first = await sessions.rotate(token);
    const again = await sessions.rotate(token);
    assert.deepEqual([first.answer.outcome, again.answer.outcome], ["rotated", "replayed"]);
    assert.equal(first.held?.raw, again.held?.raw);
    assert.deepEqual(await readRow(admin, token.sessionId), row({ generation: 2 }));
  });

  await t.step("the predecessor after the window, unconfirmed: another branch", async () => {
    const token = await sessions.signIn(userId);
    await ageSession(admin, token.sessionId, HOUR);
    const lost = await sessions.rotate(token);
    await ageSession(admin, token.sessionId, HOUR);
    const { answer, held } = await sessions.rotate(token);
    assert.equal(answer.outcome, "reissued");
    assert.notEqual(held?.raw, lost.held?.raw);
    assert.deepEqual(
      await readRow(admin, token.sessionId),
      row({ generation: 2, branch: 1, superseded: true }),
    );
  });

  await t.step(
    "a branch whose successor was not proposed: wanted, and nothing changes",
    async () => {
      const token = await sessions.signIn(userId);
      await ageSession(admin, token.sessionId, HOUR);
      assert.equal((await sessions.rotate(token, undefined, 1)).answer.outcome, "rotated");
      await ageSession(admin, token.sessionId, HOUR);
      const readAll = () =>
        admin`
      select s, (select count(*) from public.session_events) as events
      from public.sessions as s
      where s.id = ${token.sessionId}`;
      const before = await readAll();
      assert.equal((await sessions.rotate(token, undefined, 1)).answer.outcome, "successor_wanted");
      assert.deepEqual(await readAll(), before);
      assert.equal((await sessions.rotate(token, undefined, 2)).answer.outcome, "reissued");
    },
  );

  await t.step("the predecessor after the window, confirmed: reused", async () => {
    const token = await sessions.signIn(userId);
    await ageSession(admin, token.sessionId, HOUR);
    const { held } = await sessions.rotate(token);
    assert.ok(held);
    await ageSession(admin, token.sessionId, HOUR);
    await sessions.validate(held);
    assert.deepEqual(
      await readRow(admin, token.sessionId),
      row({ generation: 2, salted: false }),
      "nothing is left from which the successor could be derived",
    );
    assert.equal((await sessions.rotate(token)).answer.outcome, "reused");
    assert.equal((await readRow(admin, token.sessionId)).live, false);
  });

  await t.step("a superseded branch: rotated in the same browser, reused in another", async () => {
    for (const [userAgent, outcome] of [[undefined, "rotated"], [CHROME, "reused"]] as const) {
      const token = await sessions.signIn(userId);
      await ageSession(admin, token.sessionId, HOUR);
      const { held: older } = await sessions.rotate(token);
      assert.ok(older);
      await ageSession(admin, token.sessionId, HOUR);
      const { held: newer } = await sessions.rotate(token);
      assert.ok(newer);
      assert.equal((await sessions.rotate(older, userAgent)).answer.outcome, outcome);
      assert.equal((await sessions.rotate(newer)).answer.outcome, "reused");
    }
  });

  await t.step("an older generation: reused", async () => {
    const first = await sessions.signIn(userId);
    await ageSession(admin, first.sessionId, HOUR);
    const { held: second } = await sessions.rotate(first);
    assert.ok(second);
    await ageSession(admin, first.sessionId, HOUR);
    assert.equal((await sessions.rotate(second)).answer.outcome, "rotated");
    assert.equal((await sessions.rotate(first)).answer.outcome, "reused");
    assert.equal((await sessions.rotate(second)).answer.outcome, "reused", "and stays so");
  });

  await t.step("ahead of the row, or with a wrong hash: refused, and nothing ends", async () => {
    const token = await sessions.signIn(userId);
    const ahead = sessions.forge(token, { generation: 7 });
    assert.equal((await sessions.rotate(ahead)).answer.outcome, "unknown_generation");
    const foreign = sessions.forge(token);
    assert.equal((await sessions.rotate(foreign)).answer.outcome, "key_compromise_suspected");
    assert.equal((await sessions.rotate(token)).answer.outcome, "unchanged");
  });

  await t.step(
    "out of branches: the last one for the same browser, reused for another",
    async () => {
      const token = await sessions.signIn(userId);
      const outcomes: string[] = [];
      for (let lost = 0; lost < 6; lost++) {
        await ageSession(admin, token.sessionId, HOUR);
        outcomes.push((await sessions.rotate(token)).answer.outcome);
      }
      assert.deepEqual(outcomes, [
        "rotated",
        "reissued",
        "reissued",
        "reissued",
        "replayed",
        "replayed",
      ]);
      await ageSession(admin, token.sessionId, HOUR);
      assert.equal((await sessions.rotate(token, CHROME)).answer.outcome, "reused");
    },
  );

  await t.step("an expired session: expired; one that is gone: not found", async () => {
    const token = await sessions.signIn(userId);
    await ageSession(admin, token.sessionId, 31 * 24 * HOUR);
    assert.equal((await sessions.rotate(token)).answer.outcome, "expired");
    await admin`delete from public.sessions as s where s.id = ${token.sessionId}`;
    assert.equal((await sessions.rotate(token)).answer.outcome, "not_found");
  });
});

Deno.test("a leaked key's tokens are recorded once an hour, however many are shown", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  const token = await sessions.signIn(userId);
  const count = async () => {
    const [row] = await admin<{ events: number }[]>`
      select count(*)::int as events
      from public.session_events where event = 'key_compromise_suspected'`;
    return row?.events;
  };
  const show = async () => {
    const { answer } = await sessions.rotate(sessions.forge(token));
    assert.equal(answer.outcome, "key_compromise_suspected");
  };
  for (let at = 0; at < 20; at++) await show();
  assert.equal(await count(), 1);
  await ageSession(admin, token.sessionId, 2 * HOUR);
  await show();
  assert.equal(await count(), 2);
});

Deno.test("rotations stay HOT updates", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  let token = await sessions.signIn(userId);
  for (let rotation = 0; rotation < 200; rotation++) {
    const { held } = await sessions.rotate(token, rotation % 2 === 0 ? CHROME : undefined);
    assert.ok(held);
    token = held;
  }
  await admin`select pg_stat_force_next_flush()`;
  await fixture.service`select pg_stat_force_next_flush()`;
  const [stats] = await admin<{ updates: number; hot: number }[]>`
    select n_tup_upd::integer as updates, n_tup_hot_upd::integer as hot
    from pg_stat_user_tables
    where relname = 'sessions' and schemaname = 'public'
  `;
  assert.ok(stats && stats.updates >= 200, JSON.stringify(stats));
  assert.ok(stats.hot >= stats.updates * 0.99, JSON.stringify(stats));
});

interface RowFacts {
  readonly generation: number;
  readonly branch: number;
  readonly salted: boolean;
  readonly superseded: boolean;
  readonly live: boolean;
}

function row(facts: Partial<RowFacts>): RowFacts {
  return { generation: 1, branch: 0, salted: true, superseded: false, live: true, ...facts };
}

async function readRow(sql: postgres.Sql, sessionId: string): Promise<RowFacts> {
  const [found] = await sql<RowFacts[]>`
    select
      s.generation, s.branch, s.successor_salt is not null as salted,
      s.superseded_refresh_token_hash is not null as superseded, s.is_valid as live
    from public.sessions as s
    where s.id = ${sessionId}
  `;
  assert.ok(found);
  return { ...found };
}
