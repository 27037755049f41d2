import assert from "node:assert/strict";
import { ADA, createHarness, GRACE, type Harness, type Tab } from "./client_harness.ts";

async function openTabs(harness: Harness, count: number): Promise<readonly Tab[]> {
  const tabs = Array.from({ length: count }, () => harness.openTab());
  await harness.advance(1000);
  return tabs;
}

function close(tabs: readonly Tab[]): void {
  for (const tab of tabs) tab.session.dispose();
}

Deno.test("five tabs that start at once ask once, and all are signed in", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 100;
  const tabs = await openTabs(harness, 5);
  assert.deepEqual(harness.server.calls, ["validate"]);
  assert.ok(tabs.every(({ session }) => session.getSnapshot().status === "active"));
  close(tabs);
  assert.equal(harness.timers(), 0);
});

Deno.test("five tabs that wake at once refresh once, and all are signed in", async () => {
  const harness = createHarness();
  const tabs = await openTabs(harness, 5);
  harness.server.calls.length = 0;
  harness.server.latencyMs = 200;
  await harness.sleep(2 * 3_600_000);
  await harness.advance(5000);
  assert.equal(harness.server.generation, 2);
  assert.equal(harness.server.calls.length, 1, String(harness.server.calls));
  for (const { session, count } of tabs) {
    const { status, generation, canMutate } = session.getSnapshot();
    assert.deepEqual({ status, generation, canMutate }, {
      status: "active",
      generation: 2,
      canMutate: true,
    });
    assert.equal(count("suspended"), 1);
    assert.equal(count("session-refreshed"), 1);
    assert.equal(count("signed-in"), 0);
  }
  close(tabs);
});

Deno.test("no token is ever sent to another tab or stored", async () => {
  const harness = createHarness();
  const tabs = await openTabs(harness, 2);
  await tabs[0]?.session.refresh();
  await harness.advance(0);
  const seen = JSON.stringify([harness.messages, ...harness.storage.values()]);
  assert.ok(seen.includes('"generation":2') && !/token-\d/.test(seen), seen);
  assert.ok(!/token-\d/.test(JSON.stringify(tabs.map(({ session }) => session.diagnostics()))));
  close(tabs);
});

Deno.test("another tab's refresh is applied without a request, and its token requested when wanted", async () => {
  const harness = createHarness();
  const [first, second] = await openTabs(harness, 2);
  assert.ok(first && second);
  await first.session.refresh();
  await harness.advance(0);
  assert.equal(second.session.getSnapshot().generation, 2);
  assert.equal(second.count("session-refreshed"), 1);
  const before = harness.server.calls.length;
  assert.equal(await second.session.getAccessToken(), "token-2");
  assert.equal(await second.session.getAccessToken(), "token-2");
  assert.deepEqual(harness.server.calls.slice(before), ["validate"]);
  close([first, second]);
});

Deno.test("two tabs that want a token at once each get one, by one refresh", async () => {
  const harness = createHarness();
  const tabs = await openTabs(harness, 2);
  harness.server.calls.length = 0;
  harness.server.latencyMs = 200;
  harness.server.issuedAt -= harness.server.accessTtlMs;
  harness.skewMs += harness.server.accessTtlMs;
  const tokens = Promise.all(tabs.map(({ session }) => session.getAccessToken()));
  await harness.advance(5000);
  assert.deepEqual(await tokens, ["token-2", "token-2"]);
  assert.deepEqual(harness.server.calls, ["refresh", "validate"]);
  close(tabs);
});

Deno.test("signing out in one tab signs out all, and signing in signs in all", async () => {
  const harness = createHarness();
  const [first, second] = await openTabs(harness, 2);
  assert.ok(first && second);
  await first.session.signOut();
  await harness.advance(0);
  assert.deepEqual(
    [second.session.getSnapshot().status, second.session.getSnapshot().reason],
    ["signed-out", "signed-out-elsewhere"],
  );
  Object.assign(harness.server, { user: GRACE, sessionId: "session-2" });
  await first.session.signIn(() => Promise.resolve(harness.server.valid(false)));
  await harness.advance(0);
  assert.deepEqual(second.session.getSnapshot().user, GRACE);
  assert.equal(second.count("signed-in"), 1);
  close([first, second]);
});

Deno.test("another user's sign-in in another tab is an event, and this user's waiting calls do not go out", async () => {
  const harness = createHarness();
  const [first, second] = await openTabs(harness, 2);
  assert.ok(first && second);
  harness.server.script = () => ({ kind: "rejected", reason: "expired" });
  await second.session.check();
  await harness.advance(0);
  harness.server.script = undefined;
  const waiting = assert.rejects(
    second.session.fetch("https://api.test/", { as: "user-after-sign-in" }),
    { name: "SessionEndedError" },
  );
  await harness.advance(0);
  Object.assign(harness.server, { user: GRACE, sessionId: "session-2" });
  await first.session.signIn(() => Promise.resolve(harness.server.valid(false)));
  await harness.advance(0);
  await waiting;
  assert.equal(second.count("user-changed"), 1);
  assert.equal(second.sent.length, 0);
  close([first, second]);
});

Deno.test("a frozen tab that holds the lock keeps nobody waiting, and what it asked still counts", async () => {
  const harness = createHarness();
  const [holder, other] = await openTabs(harness, 2);
  assert.ok(holder && other);
  harness.server.latencyMs = 2000;
  void holder.session.refresh();
  await harness.advance(500);
  holder.freeze();
  const asked = harness.now();
  const refreshed = other.session.check();
  await harness.advance(6000);
  assert.equal((await refreshed).status, "active");
  assert.ok(harness.now() - asked <= 6000);
  assert.equal(harness.server.calls.filter((call) => call === "refresh").length, 1);
  holder.thaw();
  await harness.advance(1000);
  assert.equal(holder.session.getSnapshot().generation, 2);
  close([holder, other]);
});

Deno.test("a frozen tab that waits for the lock gives up its place", async () => {
  const harness = createHarness();
  const [holder, waiter, third] = await openTabs(harness, 3);
  assert.ok(holder && waiter && third);
  harness.server.latencyMs = 1000;
  void holder.session.refresh();
  await harness.advance(100);
  void waiter.session.check();
  await harness.advance(100);
  waiter.freeze();
  await harness.advance(1000);
  const done = third.session.refresh();
  await harness.advance(1500);
  assert.equal((await done).generation, 3);
  waiter.thaw();
  await harness.advance(2000);
  assert.equal(waiter.session.getSnapshot().generation, 3);
  close([holder, waiter, third]);
});

Deno.test("a holder that hangs is waited for no longer than five seconds", async () => {
  const harness = createHarness();
  const [holder, other] = await openTabs(harness, 2);
  assert.ok(holder && other);
  let hang = true;
  harness.server.script = () => hang ? new Promise(() => {}) : harness.server.valid(true);
  void holder.session.refresh();
  await harness.advance(10);
  hang = false;
  const done = other.session.refresh();
  await harness.advance(5000);
  assert.equal((await done).status, "active");
  assert.equal(harness.server.calls.filter((call) => call === "refresh").length, 2);
  await harness.advance(15_000);
  close([holder, other]);
});

Deno.test("without Web Locks and without channels, tabs still agree by the storage", async () => {
  const harness = createHarness();
  const environment = { locks: null, openChannel: () => null };
  const [first, second] = [harness.openTab({ environment }), harness.openTab({ environment })];
  await harness.advance(1000);
  assert.ok(first && second);
  const refreshed = first.session.refresh();
  await harness.advance(1000);
  await refreshed;
  assert.equal(second.session.getSnapshot().generation, 2);
  close([first, second]);
});

Deno.test("without any storage, a tab works alone", async () => {
  const harness = createHarness();
  const tab = harness.openTab({
    environment: { storage: null, locks: null, openChannel: () => null },
  });
  await harness.advance(1000);
  assert.deepEqual(tab.session.getSnapshot().user, ADA);
  tab.session.dispose();
});

Deno.test("a failure is the whole browser's: other tabs wait as well", async () => {
  const harness = createHarness();
  harness.random = () => 0.9;
  const tabs = await openTabs(harness, 5);
  harness.server.calls.length = 0;
  harness.server.script = () => ({ kind: "busy", retryAfterMs: 60_000 });
  await harness.sleep(2 * 3_600_000);
  await harness.advance(30_000);
  assert.equal(harness.server.calls.length, 1, String(harness.server.calls));
  assert.ok(tabs.every(({ session }) => session.getSnapshot().failures === 1));
  close(tabs);
});

Deno.test("a reply that was overtaken by a newer generation brings nothing back", async () => {
  const harness = createHarness();
  const [slow, fast] = await openTabs(harness, 2);
  assert.ok(slow && fast);
  const stale = harness.server.valid(false);
  let release: (() => void) | undefined;
  harness.server.script = (path) =>
    path === "validate" && !release
      ? new Promise((resolve) => release = () => resolve(stale))
      : undefined as never;
  void slow.session.check();
  await harness.advance(10);
  slow.freeze();
  await fast.session.refresh();
  await harness.advance(0);
  release?.();
  slow.thaw();
  await harness.advance(2000);
  assert.equal(slow.session.getSnapshot().generation, 2);
  assert.equal(fast.session.getSnapshot().generation, 2);
  close([slow, fast]);
});

Deno.test("junk in the storage is ignored", async () => {
  for (const junk of ["", "null", "{", "[]", '{"v":1}', '{"v":1,"epoch":"x"}', '{"v":2}']) {
    const harness = createHarness();
    harness.storage.set("session:v1", junk);
    const tab = harness.openTab();
    await harness.advance(0);
    assert.equal(tab.session.getSnapshot().status, "active", junk);
    tab.session.dispose();
  }
});
