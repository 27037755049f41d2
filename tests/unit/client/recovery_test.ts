import assert from "node:assert/strict";
import { ADA, createWorld, GRACE } from "./world.ts";

Deno.test("an access token is refreshed before it expires, and nothing visible but times changes", async () => {
  const world = createWorld();
  const tab = world.openTab();
  await world.advance(39 * 60_000);
  assert.ok(!world.server.calls.includes("refresh"));
  await world.advance(2 * 60_000);
  assert.equal(world.server.calls.filter((call) => call === "refresh").length, 1);
  assert.deepEqual([tab.session.getSnapshot().status, tab.session.getSnapshot().generation], [
    "active",
    2,
  ]);
  assert.equal(tab.count("session-refreshed"), 1);
  assert.equal(tab.count("session-warning"), 0);
  tab.session.dispose();
});

Deno.test("an hour's token is refreshed 5 to 35 minutes before it expires, each at a time of its own", async () => {
  const world = createWorld();
  let random = 0;
  world.random = () => random;
  const tab = world.openTab();
  const refreshes = () => world.server.calls.filter((call) => call === "refresh").length;
  for (
    const [count, [minutes, next]] of ([[55, 0.999], [25, 0.5], [40, 0.5]] as const)
      .entries()
  ) {
    await world.advance(60_000);
    random = next; // of the token after this one, whose time is drawn by now
    await world.advance((minutes - 3) * 60_000);
    assert.equal(refreshes(), count, `not two minutes before ${minutes}`);
    await world.advance(2 * 60_000 + 1_000);
    assert.equal(refreshes(), count + 1, `by ${minutes} minutes`);
  }
  tab.session.dispose();
});

Deno.test("no answer but a verdict ends a session: busy, network, timeout, server, protocol degrade it", async () => {
  for (
    const answer of [
      { kind: "busy" },
      { kind: "busy", retryAfterMs: 5000 },
      { kind: "unavailable", cause: "network" },
      { kind: "unavailable", cause: "server", status: 500 },
      { kind: "unavailable", cause: "protocol", status: 200 },
    ] as const
  ) {
    const world = createWorld();
    const tab = world.openTab();
    await world.advance(0);
    world.server.script = () => answer;
    await world.advance(2 * 3_600_000);
    const { status, user, canMutate } = tab.session.getSnapshot();
    assert.deepEqual([status, user, canMutate], ["degraded", ADA, false], JSON.stringify(answer));
    assert.equal(tab.count("session-warning"), 1);
    world.server.script = undefined;
    await world.advance(300_000);
    assert.equal(tab.session.getSnapshot().status, "active");
    assert.equal(tab.session.getSnapshot().warning, null);
    tab.session.dispose();
  }
});

Deno.test("a transport that hangs or throws is no verdict either", async () => {
  const world = createWorld();
  const tab = world.openTab();
  await world.advance(0);
  world.server.script = () => new Promise(() => {});
  const asked = tab.session.check();
  await world.advance(15_000);
  assert.equal((await asked).failures, 1);
  assert.equal(tab.session.getSnapshot().status, "active");
  world.server.script = () => {
    throw new Error("broken transport");
  };
  await world.advance(60_000);
  assert.equal(tab.session.getSnapshot().status, "active");
  assert.match(String(tab.errors[0]), /broken transport/);
  tab.session.dispose();
});

Deno.test("recover() never rejects and is one request, however many ask", async () => {
  const world = createWorld();
  world.server.latencyMs = 100;
  const tab = world.openTab();
  const asked = Promise.all(Array.from({ length: 20 }, () => tab.session.check()));
  await world.advance(1000);
  assert.ok((await asked).every(({ status }) => status === "active"));
  assert.deepEqual(world.server.calls, ["validate"]);
  const refreshed = Promise.all(Array.from({ length: 20 }, () => tab.session.refresh()));
  await world.advance(1000);
  await refreshed;
  assert.deepEqual(world.server.calls, ["validate", "refresh"]);
  tab.session.dispose();
});

Deno.test("Retry-After comes before the ladder, and no signal passes it", async () => {
  const world = createWorld();
  const tab = world.openTab();
  await world.advance(0);
  world.server.script = () => ({ kind: "busy", retryAfterMs: 120_000 });
  await tab.session.check();
  const before = world.server.calls.length;
  tab.window.dispatchEvent(new Event("online"));
  tab.window.dispatchEvent(new Event("focus"));
  await world.advance(119_000);
  assert.equal(world.server.calls.length, before);
  world.server.script = undefined;
  await world.advance(2_000);
  assert.equal(world.server.calls.length, before + 1);
  tab.session.dispose();
});

Deno.test("a person's click asks again, at most once a second", async () => {
  const world = createWorld();
  world.random = () => 0.99;
  const tab = world.openTab();
  await world.advance(0);
  world.server.script = () => ({ kind: "unavailable", cause: "network" });
  for (let failure = 0; failure < 8; failure++) {
    void tab.session.check();
    await world.advance(1000);
  }
  const before = world.server.calls.length;
  void tab.session.check();
  void tab.session.check();
  await world.advance(10);
  void tab.session.check();
  await world.advance(10);
  assert.equal(world.server.calls.length, before + 1);
  tab.session.dispose();
});

Deno.test("a verified no makes the session expired: user and reason stay, once told", async () => {
  const world = createWorld();
  const tab = world.openTab();
  await world.advance(0);
  world.server.script = () => ({ kind: "rejected", reason: "evicted" });
  await tab.session.check();
  const { status, user, reason, canMutate, sessionVerified } = tab.session.getSnapshot();
  assert.deepEqual([status, user, reason, canMutate, sessionVerified], [
    "ended",
    ADA,
    "evicted",
    false,
    false,
  ]);
  await world.advance(3_600_000);
  assert.equal(tab.count("session-ended"), 1);
  tab.session.dispose();
});

Deno.test("signing in again in place makes the session active, for another user it tells so", async () => {
  const world = createWorld();
  const tab = world.openTab();
  await world.advance(0);
  world.server.script = () => ({ kind: "rejected", reason: "expired" });
  await tab.session.check();
  world.server.script = undefined;
  const signIn = async (user: typeof ADA, sessionId: string) => {
    Object.assign(world.server, { user, sessionId, generation: 1 });
    await tab.session.signIn(() => Promise.resolve(world.server.valid(false)));
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
  const world = createWorld();
  world.server.script = () => ({ kind: "rejected", reason: "no-session" });
  const tab = world.openTab();
  await world.advance(0);
  const outcome = await tab.session.signIn(() =>
    Promise.resolve({ kind: "refused", code: "invalid_credentials", message: "", status: 401 })
  );
  assert.equal(outcome.kind, "refused");
  assert.equal(tab.session.getSnapshot().status, "signed-out");
  tab.session.dispose();
});

Deno.test("a listener that throws is reported and stops nobody else", async () => {
  const world = createWorld();
  const tab = world.openTab();
  let heard = 0;
  tab.session.subscribe(() => {
    throw new Error("bad listener");
  });
  tab.session.subscribe(() => void heard++);
  tab.session.on("state", () => {
    throw new Error("bad handler");
  });
  await world.advance(0);
  assert.equal(tab.session.getSnapshot().status, "active");
  assert.ok(heard > 0);
  assert.ok(tab.errors.length > 1);
  tab.session.dispose();
});
