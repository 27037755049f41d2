import assert from "node:assert/strict";
import { ageSession } from "../http/aging.ts";
import { CHROME } from "../http/browser.ts";
import { openSqlFixture } from "./sql_fixture.ts";

const HOUR = 3600;
const openThrottled = () =>
  openSqlFixture({ policy: { refreshBurst: 3, refreshIntervalSeconds: HOUR } });

Deno.test("a throttled refresh writes nothing, and is told when the next one may come", async () => {
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

Deno.test("a user agent that changes with every refresh is throttled all the same", async () => {
  await using fixture = await openThrottled();
  const { sessions, userId } = fixture;
  let token = await sessions.signIn(userId);
  const outcomes: string[] = [];
  for (let at = 0; at < 5; at += 1) {
    const { answer, held } = await sessions.rotate(token, `Browser/${at}`);
    outcomes.push(answer.outcome);
    token = held ?? token;
  }
  assert.deepEqual(outcomes, ["rotated", "rotated", "rotated", "throttled", "throttled"]);
});

Deno.test("a reissue and a detection are never throttled", async () => {
  await using fixture = await openThrottled();
  const { sessions, admin, userId } = fixture;
  const owners = await sessions.signIn(userId);
  await ageSession(admin, owners.sessionId, 2 * HOUR);
  const { held: thiefs } = await sessions.rotate(owners, CHROME);
  assert.ok(thiefs);
  for (let at = 0; at < 5; at += 1) await sessions.rotate(thiefs, CHROME);
  assert.equal((await sessions.rotate(thiefs, CHROME)).answer.outcome, "throttled");

  assert.equal((await sessions.rotate(owners)).answer.outcome, "reissued");
  assert.equal((await sessions.rotate(thiefs, CHROME)).answer.outcome, "reused");
});
