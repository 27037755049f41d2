/**
 * `rotate_session` for each row of the rule: its outcome, the changed row, and the
 * event. That the judgment itself is the table's is for the truth-table test to say.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { countEvents, readEvents } from "../../harness/session_tables.ts";
import { openSqlFixture, type SqlFixture } from "./sql_fixture.ts";
import { keyNamed } from "./sql_sessions.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

const OWN = keyNamed("own");
const OTHER = keyNamed("other");

/** Each test of a rule has a new session, signed in an hour ago. */
async function openSession(options: Parameters<SqlFixture["sessions"]["signIn"]>[1] = {}) {
  const fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  const token = await sessions.signIn(userId, options);
  const age = (seconds: number) => ageSession(admin, token.sessionId, seconds);
  await age(HOUR);
  return {
    ...fixture,
    token,
    age,
    row: () => readRow(admin, token.sessionId),
    events: () => readEvents(admin, token.sessionId),
    async rotated(from: GenuineRefreshToken, how: Parameters<typeof sessions.rotate>[1] = {}) {
      const { answer, held } = await sessions.rotate(from, how);
      assert.equal(answer.outcome, "rotated");
      assert.ok(held);
      return held;
    },
    outcome: async (...how: Parameters<typeof sessions.rotate>) =>
      (await sessions.rotate(...how)).answer.outcome,
  };
}

Deno.test("0: a token ahead of the row is refused, and nothing ends", async () => {
  await using session = await openSession();
  const ahead = session.sessions.forge(session.token, { generation: 7 });
  assert.equal(await session.outcome(ahead), "unknown_generation");
  assert.equal(await session.outcome(session.token), "rotated");
});

Deno.test("1: a wrong hash is refused and recorded once an hour, and nothing ends", async () => {
  await using session = await openSession();
  const { sessions, token, admin } = session;
  const alarms = () => countEvents(admin, token.sessionId, "key_compromise_suspected");
  for (let at = 0; at < 20; at++) {
    assert.equal(await session.outcome(sessions.forge(token)), "key_compromise_suspected");
  }
  assert.equal(await alarms(), 1);
  await session.age(2 * HOUR);
  assert.equal(await session.outcome(sessions.forge(token)), "key_compromise_suspected");
  assert.equal(await alarms(), 2);
  assert.equal(await session.outcome(token), "rotated");
});

Deno.test("1: of a place whose hash is not kept the lineage is compared, and a wrong one is the alarm", async () => {
  await using session = await openSession();
  const { sessions, token } = session;
  let held = token;
  for (let generation = 2; generation <= 4; generation++) {
    held = await session.rotated(held);
    await session.age(HOUR);
  }
  for (const lineage of [null, new Uint8Array(8) as NonNullable<typeof token.lineage>]) {
    const forged = sessions.forge(token, { lineage });
    assert.equal(await session.outcome(forged), "key_compromise_suspected");
  }
  assert.ok((await session.row()).live, "a leaked secret alone ends no session");
  assert.equal(await session.outcome(token), "reused", "the token itself proves a copy");
});

Deno.test("2 and 3: without a proof, or over an outdated challenge, a bound session stays as it is", async () => {
  await using session = await openSession({ key: OWN });
  const { token } = session;
  const before = await session.row();
  assert.equal(await session.outcome(token), "proof_required");
  for (
    const challenge of [
      { generation: 2, challengedAt: secondsAgo(62) },
      { branch: 1, challengedAt: secondsAgo(62) },
      { generation: 2, challengedAt: secondsAgo(-5) },
      { sessionId: (await session.sessions.signIn(session.userId)).sessionId },
    ]
  ) {
    assert.equal(await session.outcome(token, { key: OWN, challenge }), "proof_required");
  }
  assert.deepEqual(await session.row(), before);
  assert.deepEqual(await session.events(), ["login"]);
});

Deno.test("3: a challenge is good for the session's place, or for as long as the reuse interval", async () => {
  await using session = await openSession({ key: OWN });
  const old = { challengedAt: secondsAgo(DAY) };
  const held = await session.rotated(session.token, { key: OWN, challenge: old });
  const { token } = session;
  // Recorded with the request: of the place before.
  assert.equal(await session.outcome(token, { key: OWN, challenge: old }), "proof_required");
  const young = { challengedAt: secondsAgo(55) };
  assert.equal(await session.outcome(token, { key: OWN, challenge: young }), "replayed");
  const ofTheRow = { ...held, ...old };
  assert.equal(await session.outcome(token, { key: OWN, challenge: ofTheRow }), "replayed");
});

Deno.test("4: another key takes over a session that was quiet for a day, and both are recorded", async () => {
  await using session = await openSession({ key: OWN });
  const { token, admin } = session;
  await session.age(DAY);
  await session.rotated(token, { key: OTHER });
  assert.deepEqual(await session.events(), ["login", "rebound"]);
  const [event] = await admin<{ detail: Record<string, unknown> }[]>`
    select detail from public.session_events where event = 'rebound'`;
  assert.equal(event?.detail["previous_thumbprint"], OWN.toHex());
  assert.equal(event?.detail["key_thumbprint"], OTHER.toHex());
  assert.equal((await session.row()).key, OTHER.toHex());
});

Deno.test("4: where no other key may ever take over, none does", async () => {
  await using fixture = await openSqlFixture({ policy: { rebindAfterSeconds: null } });
  const { sessions, admin } = fixture;
  const token = await sessions.signIn(fixture.userId, { key: OWN });
  await ageSession(admin, token.sessionId, 20 * DAY);
  assert.equal((await sessions.rotate(token, { key: OTHER })).answer.outcome, "proof_key_unknown");
});

Deno.test("5: another key is refused, recorded once an hour, and nothing ends", async () => {
  await using session = await openSession({ key: OWN });
  const { token } = session;
  const held = await session.rotated(token, { key: OWN });
  for (const presented of [token, held]) {
    for (const _ of [1, 2, 3]) {
      assert.equal(await session.outcome(presented, { key: OTHER }), "proof_key_unknown");
    }
  }
  assert.deepEqual(await session.events(), ["login", "refresh", "proof_refused"]);
  assert.equal(await session.outcome(held, { key: OWN }), "unchanged");
});

Deno.test("6: the former key's return ends the session that another took over", async () => {
  await using session = await openSession({ key: OWN });
  const { token } = session;
  await session.age(DAY);
  let thiefs = await session.rotated(token, { key: OTHER });
  await session.age(DAY + HOUR);
  thiefs = await session.rotated(thiefs, { key: keyNamed("third") });
  assert.equal(await session.outcome(token, { key: OWN }), "reused", "after any number of keys");
  assert.ok(!(await session.row()).live);
});

Deno.test("7 to 10: the session's key continues it, whatever the token", async (t) => {
  await using session = await openSession({ key: OWN });
  const { token, sessions } = session;
  const own = { key: OWN };
  let held = token;

  await t.step("8: the current one is rotated", async () => {
    held = await session.rotated(token, own);
    assert.deepEqual(await session.row(), { ...BOUND, generation: 2 });
  });
  await t.step("7: and unchanged within the reuse interval", async () => {
    assert.equal(await session.outcome(held, own), "unchanged");
  });
  await t.step("9: the predecessor is answered the same successor, at any time", async () => {
    await session.age(5 * HOUR);
    await sessions.validate(held); // confirms nothing: a key says more
    const again = await sessions.rotate(token, own);
    assert.equal(again.answer.outcome, "replayed");
    assert.equal(again.held?.raw, held.raw);
  });
  const third = await session.rotated(held, own);
  await t.step("10: an older one goes on from where the session is", async () => {
    const { answer, held: jumped, calls } = await sessions.rotate(token, own);
    assert.deepEqual([answer.outcome, calls], ["reissued", 2]);
    assert.deepEqual(await session.row(), { ...BOUND, generation: 4, salted: false });
    assert.ok(jumped);
    assert.equal(await session.outcome(jumped, own), "unchanged");
    // The token that was current is its predecessor, and nothing derives the same successor from it.
    assert.equal(await session.outcome(third, own), "reissued");
    assert.deepEqual(await session.row(), { ...BOUND, generation: 5, salted: false });
  });
  await t.step("10: and so does the one that this left behind", async () => {
    await session.age(HOUR);
    assert.equal(await session.outcome(held, own), "reissued");
    assert.equal((await session.row()).live, true);
  });
});

Deno.test("10: the session's key goes on where the secret of its successor is not known, and nobody else", async (t) => {
  await t.step("the predecessor, whose successor cannot be replayed", async () => {
    await using session = await openSession({ key: OWN });
    const { token, sessions } = session;
    const lost = await session.rotated(token, { key: OWN });
    const { held } = await sessions.rotate(token, { key: OWN, canReplay: false });
    assert.deepEqual(await session.row(), { ...BOUND, generation: 3, salted: false });
    assert.deepEqual(await session.events(), ["login", "refresh", "reissue"]);
    assert.equal(await session.outcome(lost, { key: OWN }), "reissued");
    assert.ok(held);
    assert.equal(await session.outcome(held, { key: OWN }), "reissued");
  });
  await t.step("no other key, no request without a key", async () => {
    await using session = await openSession({ key: OWN });
    const { token } = session;
    await session.rotated(token, { key: OWN });
    const before = await session.row();
    for (
      const [key, outcome] of [[OTHER, "proof_key_unknown"], [undefined, "proof_required"]] as const
    ) {
      assert.equal(await session.outcome(token, { key, canReplay: false }), outcome);
    }
    assert.deepEqual(await session.row(), before);
  });
  await t.step("no session without a key", async () => {
    await using session = await openSession();
    await session.rotated(session.token);
    assert.equal(await session.outcome(session.token, { canReplay: false }), "replayed");
    assert.deepEqual(await session.row(), { ...UNBOUND, generation: 2 });
  });
});

Deno.test("11 and 12: the current token without a key: unchanged, then rotated; a key binds it", async (t) => {
  await t.step("a generation later at its next rotation", async () => {
    await using session = await openSession();
    const held = await session.rotated(session.token);
    assert.equal(await session.outcome(held), "unchanged");
    assert.equal(await session.outcome(held, { key: OWN }), "unchanged");
    await session.age(HOUR);
    await session.rotated(held, { key: OWN });
    assert.equal((await session.row()).key, OWN.toHex());
  });
  await t.step("the first generation at once: a login that could send no proof", async () => {
    await using session = await openSession();
    const { sessions, userId } = session;
    const token = await sessions.signIn(userId);
    assert.equal(await session.outcome(token), "unchanged");
    assert.equal(await session.outcome(token, { key: OWN }), "rotated");
  });
});

Deno.test("13: the predecessor within the reuse interval is answered the same successor", async () => {
  await using session = await openSession();
  const { token, sessions } = session;
  const held = await session.rotated(token);
  for (const key of [undefined, OTHER]) {
    const again = await sessions.rotate(token, { key });
    assert.equal(again.answer.outcome, "replayed");
    assert.equal(again.held?.raw, held.raw);
  }
  assert.deepEqual(await session.row(), { ...UNBOUND, generation: 2 });
});

Deno.test("13: no later than that, not to a key that is not the row's, and not past the fourth branch", async (t) => {
  await t.step("later", async () => {
    await using session = await openSession();
    await session.rotated(session.token);
    await session.age(61);
    assert.equal(await session.outcome(session.token), "reissued");
  });
  await t.step("past the fourth branch", async () => {
    await using session = await openSession();
    const { token } = session;
    await session.rotated(token);
    const outcomes: string[] = [];
    for (let branch = 1; branch <= 6; branch++) {
      await session.age(61);
      outcomes.push(await session.outcome(token), await session.outcome(token));
    }
    assert.deepEqual(outcomes.slice(0, 6), Array(3).fill(["reissued", "replayed"]).flat());
    assert.deepEqual(outcomes.slice(6), Array(6).fill("reissued"));
  });
  await t.step("another key", async () => {
    await using session = await openSession();
    const { token } = session;
    await session.rotated(token, { key: OWN });
    assert.equal(await session.outcome(token, { key: OTHER }), "reissued");
  });
});

Deno.test("14: beside the first key, a request without a proof is asked for one", async () => {
  await using session = await openSession();
  const { token } = session;
  await session.rotated(token, { key: OWN });
  assert.equal(await session.outcome(token), "proof_required");
  assert.equal(await session.outcome(token, { key: OWN }), "replayed");
  await session.age(61);
  assert.equal(await session.outcome(token), "reissued");
});

Deno.test("15: after it the predecessor gets a new branch, which is requested by its place", async () => {
  await using session = await openSession();
  const { token, sessions } = session;
  const lost = await session.rotated(token);
  await session.age(HOUR);
  const { answer, held, calls } = await sessions.rotate(token);
  assert.deepEqual([answer.outcome, calls], ["reissued", 2]);
  assert.notEqual(held?.raw, lost.raw);
  assert.deepEqual(await session.row(), { ...UNBOUND, generation: 2, branch: 1, superseded: true });
});

Deno.test("16: a confirmed token's predecessor proves a copy", async () => {
  await using session = await openSession();
  const { token, sessions } = session;
  const held = await session.rotated(token);
  await session.age(61);
  await sessions.validate(held);
  assert.deepEqual(
    await session.row(),
    { ...UNBOUND, generation: 2, salted: false },
    "nothing is left from which the successor could be derived",
  );
  assert.equal(await session.outcome(token), "reused");
  assert.ok(!(await session.row()).live);
  assert.deepEqual((await session.events()).slice(-1), ["reuse_detected"]);
});

Deno.test("16: so does the 256th branch", async () => {
  await using session = await openSession();
  const { token, admin } = session;
  await session.rotated(token);
  await admin`update public.sessions set branch = 255 where id = ${token.sessionId}`;
  await session.age(61);
  assert.equal(await session.outcome(token), "reused");
});

Deno.test("17 and 18: of two branches the first that is used goes on, and the other proves a copy", async () => {
  for (const first of ["older", "newer"] as const) {
    await using session = await openSession();
    const { token, sessions } = session;
    const older = await session.rotated(token);
    await session.age(61);
    const { held: newer } = await sessions.rotate(token);
    assert.ok(newer);
    await session.age(61);
    const [used, left] = first === "older" ? [older, newer] : [newer, older];
    await session.rotated(used);
    assert.equal(await session.outcome(left), "reused");
  }
});

Deno.test("18: a superseded branch whose successor is confirmed, a lost one and an older one prove a copy", async (t) => {
  const forked = async (session: Awaited<ReturnType<typeof openSession>>, branches: number) => {
    const held = [await session.rotated(session.token)];
    for (let branch = 1; branch <= branches; branch++) {
      await session.age(61);
      const next = await session.sessions.rotate(session.token);
      assert.ok(next.held);
      held.push(next.held);
    }
    return held;
  };
  await t.step("superseded", async () => {
    await using session = await openSession();
    const [older, newer] = await forked(session, 1);
    assert.ok(older && newer);
    await session.age(61);
    await session.sessions.validate(newer);
    assert.equal(await session.outcome(older), "reused");
  });
  await t.step("lost", async () => {
    await using session = await openSession();
    const [first] = await forked(session, 2);
    assert.ok(first);
    assert.equal(await session.outcome(first), "reused");
  });
  await t.step("older", async () => {
    await using session = await openSession();
    const second = await session.rotated(session.token);
    await session.age(HOUR);
    await session.rotated(second);
    assert.equal(await session.outcome(session.token), "reused");
    assert.equal(await session.outcome(second), "reused", "and the session stays ended");
  });
});

Deno.test("a token from before the first key keeps the rule of those without one", async () => {
  await using session = await openSession();
  const { token } = session;
  // A thief binds the session to his key. Its owner, who has none, must not be refused for it.
  await session.rotated(token, { key: OTHER });
  await session.age(61);
  assert.equal(await session.outcome(token), "reissued");
  assert.equal((await session.row()).key, null);
});

Deno.test("a session from before the lineage takes it at its first rotation, and asks for it ever after", async () => {
  await using session = await openSession();
  const { admin, sessions } = session;
  await admin`update public.sessions set lineage = null where id = ${session.token.sessionId}`;
  const token = { ...session.token, lineage: null }; // as a token of version 1 is read
  const lost = await session.rotated(token);
  await session.age(61);
  const again = await sessions.rotate(token);
  assert.equal(again.answer.outcome, "reissued");
  const other = { ...lost, lineage: keyNamed("x").slice(0, 8) as NonNullable<typeof lost.lineage> };
  const { held, calls } = await sessions.rotate(other);
  assert.equal(calls, 2, "the successor is wanted in the session's lineage");
  assert.deepEqual(held?.lineage, lost.lineage);
});

interface RowFacts {
  readonly generation: number;
  readonly branch: number;
  readonly salted: boolean;
  readonly superseded: boolean;
  readonly live: boolean;
  readonly key: string | null;
}

const UNBOUND: RowFacts = {
  generation: 1,
  branch: 0,
  salted: true,
  superseded: false,
  live: true,
  key: null,
};
const BOUND: RowFacts = { ...UNBOUND, key: OWN.toHex() };

async function readRow(sql: postgres.Sql, sessionId: string): Promise<RowFacts> {
  const [found] = await sql<RowFacts[]>`
    select
      s.generation, s.branch, s.successor_salt is not null as salted,
      s.superseded_refresh_token_hash is not null as superseded, s.is_valid as live,
      encode(s.key_thumbprint, 'hex') as key
    from public.sessions as s
    where s.id = ${sessionId}
  `;
  assert.ok(found);
  return { ...found };
}

function secondsAgo(seconds: number): Date {
  return new Date(Date.now() - seconds * 1000);
}
