import assert from "node:assert/strict";
import { ageLoginThrottle, ageSession } from "../../../local/testing/aging.ts";
import { openSqlFixture, type SqlFixture } from "./sql_fixture.ts";

/** How far the clock of the database is set back. Every stored time then lies ahead of it by as much. */
const STEPS_SECONDS = [2, 120, 3_600, 4 * 3_600, 400 * 86_400] as const;

const HOUR = 3_600;

async function setClockBack(
  { admin }: SqlFixture,
  sessionId: string,
  seconds: number,
): Promise<void> {
  await ageSession(admin, sessionId, -seconds);
  await ageLoginThrottle(admin, -seconds);
}

const ACCOUNT = { freeFailures: 20, forgiveSeconds: 120, maxDelaySeconds: 900 };
const NETWORK = { freeFailures: 100, forgiveSeconds: 10, maxDelaySeconds: 60 };
const PAIR = { freeFailures: 5, forgiveSeconds: 3_600, maxDelaySeconds: 900 };

/** Whether a login of this account may be tried from the network, and if not, for how long not. */
async function waitOf(fixture: SqlFixture, account: number): Promise<number> {
  const id = (kind: number) => new Uint8Array(32).fill(kind) as never;
  const admission = await fixture.sessions.store.admitLogin([
    { id: id(100 + account), ...PAIR },
    { id: id(account), ...ACCOUNT },
    { id: id(99), ...NETWORK },
  ]);
  return admission.kind === "admitted" ? 0 : admission.retryAfterSeconds;
}

for (const seconds of STEPS_SECONDS) {
  Deno.test(`a clock set back by ${seconds} s keeps nobody from signing in who has not failed`, async () => {
    await using fixture = await openSqlFixture();
    const token = await fixture.sessions.signIn(fixture.userId);
    assert.equal(await waitOf(fixture, 1), 0);
    await setClockBack(fixture, token.sessionId, seconds);
    assert.equal(await waitOf(fixture, 1), 0, "the same account");
    assert.equal(await waitOf(fixture, 2), 0, "another account of the same network");
  });

  Deno.test(`a clock set back by ${seconds} s refuses no login for a password that was changed before`, async () => {
    await using fixture = await openSqlFixture();
    const { admin, sessions, userId } = fixture;
    await admin`
      insert into unified_auth.changed_passwords
      values (${userId}, now() + ${`${seconds} seconds`}::interval)`;
    const admission = await sessions.store.admitLogin([
      { id: new Uint8Array(32).fill(1) as never, ...PAIR },
      { id: new Uint8Array(32).fill(2) as never, ...ACCOUNT },
    ]);
    assert.ok(admission.kind === "admitted");
    const { answer } = await sessions.create(userId, { loginCharge: admission.charge });
    assert.equal(answer.outcome, "created");
  });

  Deno.test(`a clock set back by ${seconds} s costs somebody who guesses no more than the longest delay, and forgives nothing`, async () => {
    await using fixture = await openSqlFixture();
    const token = await fixture.sessions.signIn(fixture.userId);
    for (let failures = 0; failures < 12; failures += 1) {
      await waitOf(fixture, 1);
      await fixture.admin`
        update unified_auth.login_throttle set blocked_until = charged_at, turn_at = null where true`;
    }
    assert.equal(await waitOf(fixture, 1), 0);
    await setClockBack(fixture, token.sessionId, seconds);
    const [row] = await fixture.admin<{ failures: number }[]>`
      select max(failures) as failures from unified_auth.login_throttle`;
    assert.ok(Number(row?.failures) >= 12 && Number(row?.failures) < 15, "failures are as before");
    const wait = await waitOf(fixture, 1);
    assert.ok(wait > 60 && wait <= PAIR.maxDelaySeconds, `${wait} s`);
    await ageLoginThrottle(fixture.admin, wait);
    assert.equal(await waitOf(fixture, 1), 0, "once it has waited that long");
  });

  Deno.test(`a clock set back by ${seconds} s holds up no refresh, and the next one puts the session's times right`, async () => {
    await using fixture = await openSqlFixture();
    const { sessions, admin, userId } = fixture;
    let token = await sessions.signIn(userId);
    await ageSession(admin, token.sessionId, HOUR);
    token = (await sessions.rotate(token)).held ?? assert.fail();
    await setClockBack(fixture, token.sessionId, seconds);
    const first = await sessions.rotate(token);
    if (first.answer.outcome === "throttled") { // as after a burst: by one interval
      assert.equal(first.answer.retryAfterSeconds, 1);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    for (let refreshes = 0; refreshes < 3; refreshes += 1) {
      const { answer, held } = await sessions.rotate(token);
      if (answer.outcome === "throttled") {
        assert.equal(answer.retryAfterSeconds, 1);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      } else token = held ?? assert.fail(answer.outcome);
    }
    if (seconds > 60) {
      const [row] = await admin<{ ahead: boolean }[]>`
        select s.issued_at > now() as ahead
        from public.sessions as s where s.id = ${token.sessionId}`;
      assert.equal(row?.ahead, false);
    }
    assert.equal((await sessions.validate(token)).outcome, "active");
  });

  Deno.test(`a clock set back by ${seconds} s after a rotation signs neither of two tabs out`, async () => {
    await using fixture = await openSqlFixture();
    const { sessions, admin, userId } = fixture;
    const shared = await sessions.signIn(userId);
    await ageSession(admin, shared.sessionId, HOUR);
    const first = (await sessions.rotate(shared)).held ?? assert.fail();
    await setClockBack(fixture, shared.sessionId, seconds);
    const second = (await sessions.rotate(shared)).held ?? first; // throttled: it keeps what it has
    for (const kept of [first, second]) {
      const { answer, held } = await sessions.rotate(kept);
      assert.ok(held || answer.outcome === "throttled", answer.outcome);
    }
  });
}

Deno.test("an event that lies ahead of the clock does not keep the next one from being recorded", async () => {
  await using fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  const token = await sessions.signIn(userId);
  const forge = () => sessions.rotate(sessions.forge(token));
  const count = async () => {
    const [row] = await admin<{ events: number }[]>`
      select count(*)::int as events from public.session_events as e
      where e.event = 'key_compromise_suspected'`;
    return row?.events;
  };
  await forge();
  await forge();
  assert.equal(await count(), 1);
  await setClockBack(fixture, token.sessionId, 4 * HOUR);
  await forge();
  assert.equal(await count(), 2);
});
