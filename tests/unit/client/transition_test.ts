import assert from "node:assert/strict";
import {
  type SessionEvent,
  type State,
  type Status,
  transition,
  UNKNOWN,
} from "../../../client/src/state/transition.ts";
import { ADA, GRACE, type User } from "./client_harness.ts";

const at = (ms: number) => ({ date: 1_800_000_000_000 + ms, perf: ms });

const GRANT = {
  user: ADA,
  sessionId: "session-1",
  generation: 2,
  serial: 2,
  at: at(0),
  accessInMs: 3_600_000,
  accessTtlMs: 3_600_000,
  endInMs: 7_200_000,
  ageMs: 0,
};

const ACTIVE: State<User> = { ...UNKNOWN, status: "active", user: ADA, grant: GRANT };

/** Each status as a page can have it, with a user where it has one. */
const STATES: Readonly<Record<string, State<User>>> = {
  "unknown": UNKNOWN,
  "restoring": { ...UNKNOWN, status: "restoring" },
  "restoring a known user": { ...UNKNOWN, status: "restoring", user: ADA },
  "active": ACTIVE,
  "degraded": { ...ACTIVE, status: "degraded", failures: 1 },
  "ended": { ...UNKNOWN, status: "ended", user: ADA, reason: "evicted" },
  "signed-out": { ...UNKNOWN, status: "signed-out", reason: "signed-out" },
};

const failed = (ms: number): SessionEvent<User> => ({
  type: "failed",
  reason: null,
  failures: 1,
  nextAttemptAt: null,
  now: at(ms),
});

/** The status that each event leads to from each of `STATES`, in their order. */
const TABLE: readonly (readonly [string, SessionEvent<User>, readonly Status[]])[] = [
  ["start", { type: "started", user: null }, [
    "restoring",
    "restoring",
    "restoring",
    "active",
    "degraded",
    "ended",
    "signed-out",
  ]],
  ["a grant", { type: "granted", grant: { ...GRANT, generation: 3, serial: 3 } }, [
    "active",
    "active",
    "active",
    "active",
    "active",
    "active",
    "active",
  ]],
  ["a verified refusal", { type: "rejected", reason: "revoked" }, [
    "signed-out",
    "signed-out",
    "ended",
    "ended",
    "ended",
    "ended",
    "signed-out",
  ]],
  ["a failure while the access token lives", failed(1_000), [
    "unknown",
    "restoring",
    "degraded",
    "active",
    "degraded",
    "ended",
    "signed-out",
  ]],
  ["a failure after the access token", failed(3_600_000), [
    "unknown",
    "restoring",
    "degraded",
    "degraded",
    "degraded",
    "ended",
    "signed-out",
  ]],
  ["a sign-out", { type: "signed-out", reason: "signed-out-elsewhere" }, [
    "signed-out",
    "signed-out",
    "signed-out",
    "signed-out",
    "signed-out",
    "signed-out",
    "signed-out",
  ]],
  ...([
    ["the end of the access token alone", { type: "time", now: at(3_600_000) }],
    ["the network's end", { type: "connectivity", offline: true }],
    ["a question", { type: "activity", activity: "refreshing" }],
    ["a closed warning", { type: "dismissed", warning: "session-ending" }],
  ] as const).map(([name, event]) =>
    [name, event, Object.values(STATES).map(({ status }) => status)] as const
  ),
];

for (const [name, event, expected] of TABLE) {
  Deno.test(`${name} leads from each status to the one of the table`, () => {
    for (const [index, [from, state]] of Object.entries(STATES).entries()) {
      assert.equal(transition(state, event).status, expected[index], `from ${from}`);
    }
  });
}

Deno.test("a session that fails to be refreshed is degraded when its access token ends, not before", () => {
  const failing = transition(ACTIVE, failed(1_000));
  assert.equal(transition(failing, { type: "time", now: at(3_599_999) }).status, "active");
  const after = transition(failing, { type: "time", now: at(3_600_000) });
  assert.deepEqual([after.status, after.user], ["degraded", ADA]);
});

Deno.test("an older generation of the session brings nothing back, another session does", () => {
  const older = { ...GRANT, generation: 1, serial: 1 };
  assert.equal(transition(ACTIVE, { type: "granted", grant: older }), ACTIVE);
  const another = { ...older, sessionId: "session-2", user: GRACE };
  assert.equal(transition(ACTIVE, { type: "granted", grant: another }).user, GRACE);
});

Deno.test("the first reason for an end stays, and what went before it goes with a grant", () => {
  const expired = transition(ACTIVE, { type: "rejected", reason: "reused" });
  assert.equal(transition(expired, { type: "rejected", reason: "no-session" }).reason, "reused");
  const failing = { ...transition(ACTIVE, failed(1_000)), reason: null, dismissed: null };
  const again = transition(failing, { type: "granted", grant: { ...GRANT, generation: 3 } });
  assert.deepEqual([again.failures, again.reason, again.nextAttemptAt], [0, null, null]);
});

Deno.test("a closed warning stays closed through a validate and opens again after a refresh", () => {
  const closed = transition(ACTIVE, { type: "dismissed", warning: "session-ending" });
  const validated = transition(closed, { type: "granted", grant: { ...GRANT, at: at(5_000) } });
  assert.equal(validated.dismissed, "session-ending");
  const refreshed = transition(validated, { type: "granted", grant: { ...GRANT, serial: 3 } });
  assert.equal(refreshed.dismissed, null);
});
