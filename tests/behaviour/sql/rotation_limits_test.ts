/**
 * The limits of a rotation, whatever the row of the rule: the ends of its session and of its access token,
 * and the room that a row of the table has.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { openSqlFixture } from "./sql_fixture.ts";
import { keyNamed } from "./sql_sessions.ts";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

Deno.test("a rotation never outlasts the session's absolute end", async () => {
  await using fixture = await openSqlFixture({ policy: { absoluteTtlSeconds: 40 * DAY } });
  const { sessions, admin, userId } = fixture;
  const end = async () => {
    const [row] = await admin<{ refresh: Date; absolute: Date }[]>`
      select refresh_token_expires_at as refresh, absolute_expires_at as absolute
      from public.sessions`;
    assert.ok(row);
    return row;
  };
  let token = await sessions.signIn(userId);
  for (const days of [20, 19]) {
    await ageSession(admin, token.sessionId, days * DAY);
    const { answer, held } = await sessions.rotate(token);
    assert.equal(answer.outcome, "rotated");
    assert.ok(held);
    const { refresh, absolute } = await end();
    assert.equal(refresh.getTime(), absolute.getTime());
    token = held;
  }
  await ageSession(admin, token.sessionId, DAY);
  assert.equal((await sessions.rotate(token)).answer.outcome, "expired");
});

Deno.test("an access token never outlasts its session", async () => {
  await using fixture = await openSqlFixture({ policy: { absoluteTtlSeconds: 90 * MINUTE } });
  const { sessions, admin, userId } = fixture;
  const token = await sessions.signIn(userId);
  await ageSession(admin, token.sessionId, HOUR);
  const { answer } = await sessions.rotate(token);
  assert.ok("session" in answer);
  const left = answer.session.accessTokenExpiresAt.getTime() - answer.serverTime.getTime();
  assert.ok(left > 29 * MINUTE * 1000 && left <= 30 * MINUTE * 1000, `${left} ms`);
});

Deno.test("an expired session is expired, one that is gone is not found", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  const token = await sessions.signIn(userId);
  await ageSession(admin, token.sessionId, 31 * DAY);
  assert.equal((await sessions.rotate(token)).answer.outcome, "expired");
  await admin`delete from public.sessions as s where s.id = ${token.sessionId}`;
  assert.equal((await sessions.rotate(token)).answer.outcome, "not_found");
});

Deno.test("rotations stay HOT updates", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  const key = keyNamed("own");
  let token = await sessions.signIn(userId, { key });
  for (let rotation = 0; rotation < 200; rotation++) {
    await admin`update public.sessions set issued_at = issued_at - interval '1 hour' where true`;
    const { answer, held } = await sessions.rotate(token, { key });
    assert.equal(answer.outcome, "rotated");
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
  assert.ok(stats && stats.updates >= 400, JSON.stringify(stats));
  // An index on a changing column leaves none. A few miss the page's room while an ANALYZE of the server
  // keeps dead versions: 7 of 400 beside two other test files.
  assert.ok(stats.hot >= stats.updates * 0.95, JSON.stringify(stats));
});
