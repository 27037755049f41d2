import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { openSqlFixture } from "./sql_fixture.ts";
import { keyNamed } from "./sql_sessions.ts";

const HOUR = 3600;
const openThrottled = () =>
  openSqlFixture({ policy: { refreshBurst: 3, refreshIntervalSeconds: HOUR } });

Deno.test("a throttled refresh writes nothing, and its answer says when the next one may come", async () => {
  await using fixture = await openThrottled();
  const { sessions, admin, userId } = fixture;
  const token = await sessions.signIn(userId);
  const outcomes: string[] = [];
  for (let at = 0; at < 3; at += 1) outcomes.push((await sessions.rotate(token)).answer.outcome);
  assert.deepEqual(outcomes, ["unchanged", "unchanged", "unchanged"]);

  const read = () =>
    admin`
    select s.*, s.xmin, (select count(*) from public.session_events) as events
    from public.sessions as s where s.id = ${token.sessionId}`;
  const before = await read();
  const { answer } = await sessions.rotate(token);
  assert.ok(answer.outcome === "throttled");
  assert.ok(answer.retryAfterSeconds > HOUR - 60 && answer.retryAfterSeconds <= HOUR);
  assert.deepEqual([...await read()], [...before]);

  await ageSession(admin, token.sessionId, answer.retryAfterSeconds);
  assert.equal((await sessions.rotate(token)).answer.outcome, "rotated");
  assert.equal((await sessions.rotate(token)).answer.outcome, "throttled");
});

Deno.test("a key that comes with old tokens again and again is throttled all the same", async () => {
  await using fixture = await openThrottled();
  const { sessions, userId, admin } = fixture;
  const key = keyNamed("own");
  const first = await sessions.signIn(userId, { key });
  await ageSession(admin, first.sessionId, 2 * HOUR);
  const { held: second } = await sessions.rotate(first, { key });
  assert.ok(second);
  await admin`update public.sessions set issued_at = issued_at - interval '1 hour' where true`;
  const { held: third } = await sessions.rotate(second, { key });
  assert.ok(third);
  const outcomes: string[] = [];
  for (let at = 0; at < 3; at += 1) {
    const { answer } = await sessions.rotate(first, { key });
    outcomes.push(answer.outcome);
  }
  assert.deepEqual(outcomes, ["reissued", "throttled", "throttled"]);
});

Deno.test("a reissue and a detection are never throttled", async () => {
  await using fixture = await openThrottled();
  const { sessions, admin, userId } = fixture;
  const owners = await sessions.signIn(userId);
  await ageSession(admin, owners.sessionId, 2 * HOUR);
  const { held: thiefs } = await sessions.rotate(owners);
  assert.ok(thiefs);
  for (let at = 0; at < 5; at += 1) await sessions.rotate(thiefs);
  assert.equal((await sessions.rotate(thiefs)).answer.outcome, "throttled");
  assert.equal((await sessions.rotate(owners)).answer.outcome, "throttled", "a replay is");

  await admin`update public.sessions set issued_at = issued_at - interval '2 minutes' where true`;
  const { answer, held } = await sessions.rotate(owners);
  assert.equal(answer.outcome, "reissued");
  assert.ok(held);
  assert.equal(
    (await sessions.rotate(sessions.forge(held))).answer.outcome,
    "key_compromise_suspected",
  );
  await admin`
    update public.sessions
    set confirmed_at = now(), successor_salt = null, successor_key_id = null
    where true`;
  assert.equal((await sessions.rotate(thiefs)).answer.outcome, "reused");
});
