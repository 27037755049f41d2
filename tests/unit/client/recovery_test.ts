import assert from "node:assert/strict";
import { ADA, createHarness, GRACE } from "./client_harness.ts";

Deno.test("an access token is refreshed before it expires, and nothing visible but times changes", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(39 * 60_000);
  assert.ok(!harness.server.calls.includes("refresh"));
  await harness.advance(2 * 60_000);
  assert.equal(harness.server.calls.filter((call) => call === "refresh").length, 1);
  assert.deepEqual([tab.session.getSnapshot().status, tab.session.getSnapshot().generation], [
    "active",
    2,
  ]);
  assert.equal(tab.count("session-refreshed"), 1);
  assert.equal(tab.count("session-warning"), 0);
  tab.session.dispose();
});

Deno.test("an hour's token is refreshed 5 to 35 minutes before it expires, each at another time", async () => {
  const harness = createHarness();
  let random = 0;
  harness.random = () => random;
  const tab = harness.openTab();
  const refreshes = () => harness.server.calls.filter((call) => call === "refresh").length;
  for (
    const [count, [minutes, next]] of ([[55, 0.999], [25, 0.5], [40, 0.5]] as const)
      .entries()
  ) {
    await harness.advance(60_000);
    random = next; // of the token after this one, whose time is drawn by now
    await harness.advance((minutes - 3) * 60_000);
    assert.equal(refreshes(), count, `not two minutes before ${minutes}`);
    await harness.advance(2 * 60_000 + 1_000);
    assert.equal(refreshes(), count + 1, `by ${minutes} minutes`);
  }
  tab.session.dispose();
});

Deno.test("no answer but a refusal ends a session: busy, network, timeout, server, protocol degrade it", async () => {
  for (
    const answer of [
      { kind: "busy" },
      { kind: "busy", retryAfterMs: 5000 },
      { kind: "unavailable", cause: "network" },
      { kind: "unavailable", cause: "server", status: 500 },
      { kind: "unavailable", cause: "protocol", status: 200 },
    ] as const
  ) {
    const harness = createHarness();
    const tab = harness.openTab();
    await harness.advance(0);
    harness.server.script = () => answer;
    await harness.advance(2 * 3_600_000);
    const { status, user, canMutate } = tab.session.getSnapshot();
    assert.deepEqual({ status, user, canMutate }, {
      status: "degraded",
      user: ADA,
      canMutate: false,
    }, JSON.stringify(answer));
    assert.equal(tab.count("session-warning"), 1);
    harness.server.script = undefined;
    await harness.advance(300_000);
    assert.equal(tab.session.getSnapshot().status, "active");
    assert.equal(tab.session.getSnapshot().warning, null);
    tab.session.dispose();
  }
});

Deno.test("a transport that hangs or throws is no refusal either", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => new Promise(() => {});
  const asked = tab.session.check();
  await harness.advance(15_000);
  assert.equal((await asked).failures, 1);
  assert.equal(tab.session.getSnapshot().status, "active");
  harness.server.script = () => {
    throw new Error("broken transport");
  };
  await harness.advance(60_000);
  assert.equal(tab.session.getSnapshot().status, "active");
  assert.match(String(tab.errors[0]), /broken transport/);
  tab.session.dispose();
});

Deno.test("recover() never rejects and is one request, however many ask", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 100;
  const tab = harness.openTab();
  const asked = Promise.all(Array.from({ length: 20 }, () => tab.session.check()));
  await harness.advance(1000);
  assert.ok((await asked).every(({ status }) => status === "active"));
  assert.deepEqual(harness.server.calls, ["validate"]);
  const refreshed = Promise.all(Array.from({ length: 20 }, () => tab.session.refresh()));
  await harness.advance(1000);
  await refreshed;
  assert.deepEqual(harness.server.calls, ["validate", "refresh"]);
  tab.session.dispose();
});

Deno.test("Retry-After comes before the ladder, and no signal passes it", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "busy", retryAfterMs: 120_000 });
  await tab.session.check();
  const before = harness.server.calls.length;
  tab.window.dispatchEvent(new Event("online"));
  tab.window.dispatchEvent(new Event("focus"));
  await harness.advance(119_000);
  assert.equal(harness.server.calls.length, before);
  harness.server.script = undefined;
  await harness.advance(2_000);
  assert.equal(harness.server.calls.length, before + 1);
  tab.session.dispose();
});

Deno.test("a person's click asks again, at most once a second", async () => {
  const harness = createHarness();
  harness.random = () => 0.99;
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  for (let failure = 0; failure < 8; failure++) {
    void tab.session.check();
    await harness.advance(1000);
  }
  const before = harness.server.calls.length;
  void tab.session.check();
  void tab.session.check();
  await harness.advance(10);
  void tab.session.check();
  await harness.advance(10);
  assert.equal(harness.server.calls.length, before + 1);
  tab.session.dispose();
});

Deno.test("a verified refusal ends the session: user and reason stay, and one event says so", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "rejected", reason: "evicted" });
  await tab.session.check();
  const { status, user, reason, canMutate, sessionVerified } = tab.session.getSnapshot();
  assert.deepEqual({ status, user, reason, canMutate, sessionVerified }, {
    status: "ended",
    user: ADA,
    reason: "evicted",
    canMutate: false,
    sessionVerified: false,
  });
  await harness.advance(3_600_000);
  assert.equal(tab.count("session-ended"), 1);
  tab.session.dispose();
});

Deno.test("signing in again in place makes the session active, for another user it tells so", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "rejected", reason: "expired" });
  await tab.session.check();
  harness.server.script = undefined;
  const signIn = async (user: typeof ADA, sessionId: string) => {
    Object.assign(harness.server, { user, sessionId, generation: 1 });
    await tab.session.signIn(() => Promise.resolve(harness.server.valid(false)));
  };
  await signIn(ADA, "session-2");
  assert.equal(tab.session.getSnapshot().status, "active");
  assert.deepEqual([tab.count("signed-in"), tab.count("user-changed")], [1, 0]);
  await signIn(GRACE, "session-3");
  assert.deepEqual([tab.count("signed-in"), tab.count("user-changed")], [2, 1]);
  assert.deepEqual(tab.session.getSnapshot().user, GRACE);
  tab.session.dispose();
});

Deno.test("a refused sign-in changes nothing and comes back as a value", async () => {
  const harness = createHarness();
  harness.server.script = () => ({ kind: "rejected", reason: "no-session" });
  const tab = harness.openTab();
  await harness.advance(0);
  const outcome = await tab.session.signIn(() =>
    Promise.resolve({ kind: "refused", code: "invalid_credentials", message: "", status: 401 })
  );
  assert.equal(outcome.kind, "refused");
  assert.equal(tab.session.getSnapshot().status, "signed-out");
  tab.session.dispose();
});

Deno.test("a listener that throws is reported and stops nobody else", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  let heard = 0;
  tab.session.subscribe(() => {
    throw new Error("bad listener");
  });
  tab.session.subscribe(() => void heard++);
  tab.session.on("state", () => {
    throw new Error("bad handler");
  });
  await harness.advance(0);
  assert.equal(tab.session.getSnapshot().status, "active");
  assert.ok(heard > 0);
  assert.ok(tab.errors.length > 1);
  tab.session.dispose();
});
