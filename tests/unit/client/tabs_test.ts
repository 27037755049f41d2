import assert from "node:assert/strict";
import { ADA, createWorld, GRACE, type Tab, type World } from "./world.ts";

async function openTabs(world: World, count: number): Promise<readonly Tab[]> {
  const tabs = Array.from({ length: count }, () => world.openTab());
  await world.advance(1000);
  return tabs;
}

function close(tabs: readonly Tab[]): void {
  for (const tab of tabs) tab.session.dispose();
}

Deno.test("five tabs that start at once ask once, and all are signed in", async () => {
  const world = createWorld();
  world.server.latencyMs = 100;
  const tabs = await openTabs(world, 5);
  assert.deepEqual(world.server.calls, ["validate"]);
  assert.ok(tabs.every(({ session }) => session.getSnapshot().status === "active"));
  close(tabs);
  assert.equal(world.timers(), 0);
});

Deno.test("five tabs that wake at once refresh once, and all are signed in", async () => {
  const world = createWorld();
  const tabs = await openTabs(world, 5);
  world.server.calls.length = 0;
  world.server.latencyMs = 200;
  await world.sleep(2 * 3_600_000);
  await world.advance(5000);
  assert.equal(world.server.generation, 2);
  assert.equal(world.server.calls.length, 1, String(world.server.calls));
  for (const { session, count } of tabs) {
    const { status, generation, canMutate } = session.getSnapshot();
    assert.deepEqual([status, generation, canMutate], ["active", 2, true]);
    assert.equal(count("suspended"), 1);
    assert.equal(count("session-refreshed"), 1);
    assert.equal(count("signed-in"), 0);
  }
  close(tabs);
});

Deno.test("no token is ever sent to another tab or stored", async () => {
  const world = createWorld();
  const tabs = await openTabs(world, 2);
  await tabs[0]?.session.refresh();
  await world.advance(0);
  const seen = JSON.stringify([world.messages, ...world.storage.values()]);
  assert.ok(seen.includes('"generation":2') && !/token-\d/.test(seen), seen);
  assert.ok(!/token-\d/.test(JSON.stringify(tabs.map(({ session }) => session.diagnostics()))));
  close(tabs);
});

Deno.test("another tab's refresh is adopted without a request, and its token asked for when wanted", async () => {
  const world = createWorld();
  const [first, second] = await openTabs(world, 2);
  assert.ok(first && second);
  await first.session.refresh();
  await world.advance(0);
  assert.equal(second.session.getSnapshot().generation, 2);
  assert.equal(second.count("session-refreshed"), 1);
  const before = world.server.calls.length;
  assert.equal(await second.session.getAccessToken(), "token-2");
  assert.equal(await second.session.getAccessToken(), "token-2");
  assert.deepEqual(world.server.calls.slice(before), ["validate"]);
  close([first, second]);
});

Deno.test("two tabs that want a token at once each get one, by one refresh", async () => {
  const world = createWorld();
  const tabs = await openTabs(world, 2);
  world.server.calls.length = 0;
  world.server.latencyMs = 200;
  world.server.issuedAt -= world.server.accessTtlMs;
  world.skewMs += world.server.accessTtlMs;
  const tokens = Promise.all(tabs.map(({ session }) => session.getAccessToken()));
  await world.advance(5000);
  assert.deepEqual(await tokens, ["token-2", "token-2"]);
  assert.deepEqual(world.server.calls, ["refresh", "validate"]);
  close(tabs);
});

Deno.test("signing out in one tab signs out all, and signing in signs in all", async () => {
  const world = createWorld();
  const [first, second] = await openTabs(world, 2);
  assert.ok(first && second);
  await first.session.signOut();
  await world.advance(0);
  assert.deepEqual(
    [second.session.getSnapshot().status, second.session.getSnapshot().reason],
    ["signed-out", "signed-out-elsewhere"],
  );
  Object.assign(world.server, { user: GRACE, sessionId: "session-2" });
  await first.session.signIn(() => Promise.resolve(world.server.valid(false)));
  await world.advance(0);
  assert.deepEqual(second.session.getSnapshot().user, GRACE);
  assert.equal(second.count("signed-in"), 1);
  close([first, second]);
});

Deno.test("another user who signs in elsewhere is told, and this user's waiting calls do not go out", async () => {
  const world = createWorld();
  const [first, second] = await openTabs(world, 2);
  assert.ok(first && second);
  world.server.script = () => ({ kind: "rejected", reason: "expired" });
  await second.session.check();
  await world.advance(0);
  world.server.script = undefined;
  const waiting = assert.rejects(
    second.session.fetch("https://api.test/", { as: "user-after-sign-in" }),
    { name: "SessionEndedError" },
  );
  await world.advance(0);
  Object.assign(world.server, { user: GRACE, sessionId: "session-2" });
  await first.session.signIn(() => Promise.resolve(world.server.valid(false)));
  await world.advance(0);
  await waiting;
  assert.equal(second.count("user-changed"), 1);
  assert.equal(second.sent.length, 0);
  close([first, second]);
});

Deno.test("a frozen tab that holds the lock keeps nobody waiting, and what it asked still counts", async () => {
  const world = createWorld();
  const [holder, other] = await openTabs(world, 2);
  assert.ok(holder && other);
  world.server.latencyMs = 2000;
  void holder.session.refresh();
  await world.advance(500);
  holder.freeze();
  const asked = world.now();
  const refreshed = other.session.check();
  await world.advance(6000);
  assert.equal((await refreshed).status, "active");
  assert.ok(world.now() - asked <= 6000);
  assert.equal(world.server.calls.filter((call) => call === "refresh").length, 1);
  holder.thaw();
  await world.advance(1000);
  assert.equal(holder.session.getSnapshot().generation, 2);
  close([holder, other]);
});

Deno.test("a frozen tab that waits for the lock gives up its place", async () => {
  const world = createWorld();
  const [holder, waiter, third] = await openTabs(world, 3);
  assert.ok(holder && waiter && third);
  world.server.latencyMs = 1000;
  void holder.session.refresh();
  await world.advance(100);
  void waiter.session.check();
  await world.advance(100);
  waiter.freeze();
  await world.advance(1000);
  const done = third.session.refresh();
  await world.advance(1500);
  assert.equal((await done).generation, 3);
  waiter.thaw();
  await world.advance(2000);
  assert.equal(waiter.session.getSnapshot().generation, 3);
  close([holder, waiter, third]);
});

Deno.test("a holder that hangs is waited for no longer than five seconds", async () => {
  const world = createWorld();
  const [holder, other] = await openTabs(world, 2);
  assert.ok(holder && other);
  let hang = true;
  world.server.script = () => hang ? new Promise(() => {}) : world.server.valid(true);
  void holder.session.refresh();
  await world.advance(10);
  hang = false;
  const done = other.session.refresh();
  await world.advance(5000);
  assert.equal((await done).status, "active");
  assert.equal(world.server.calls.filter((call) => call === "refresh").length, 2);
  await world.advance(15_000);
  close([holder, other]);
});

Deno.test("without Web Locks and without channels, tabs still agree by the storage", async () => {
  const world = createWorld();
  const environment = { locks: null, openChannel: () => null };
  const [first, second] = [world.openTab({ environment }), world.openTab({ environment })];
  await world.advance(1000);
  assert.ok(first && second);
  const refreshed = first.session.refresh();
  await world.advance(1000);
  await refreshed;
  assert.equal(second.session.getSnapshot().generation, 2);
  close([first, second]);
});

Deno.test("without any storage, a tab works alone", async () => {
  const world = createWorld();
  const tab = world.openTab({
    environment: { storage: null, locks: null, openChannel: () => null },
  });
  await world.advance(1000);
  assert.deepEqual(tab.session.getSnapshot().user, ADA);
  tab.session.dispose();
});

Deno.test("a failure is the whole browser's: other tabs wait as well", async () => {
  const world = createWorld();
  world.random = () => 0.9;
  const tabs = await openTabs(world, 5);
  world.server.calls.length = 0;
  world.server.script = () => ({ kind: "busy", retryAfterMs: 60_000 });
  await world.sleep(2 * 3_600_000);
  await world.advance(30_000);
  assert.equal(world.server.calls.length, 1, String(world.server.calls));
  assert.ok(tabs.every(({ session }) => session.getSnapshot().failures === 1));
  close(tabs);
});

Deno.test("a reply that was overtaken by a newer generation brings nothing back", async () => {
  const world = createWorld();
  const [slow, fast] = await openTabs(world, 2);
  assert.ok(slow && fast);
  const stale = world.server.valid(false);
  let release: (() => void) | undefined;
  world.server.script = (path) =>
    path === "validate" && !release
      ? new Promise((resolve) => release = () => resolve(stale))
      : undefined as never;
  void slow.session.check();
  await world.advance(10);
  slow.freeze();
  await fast.session.refresh();
  await world.advance(0);
  release?.();
  slow.thaw();
  await world.advance(2000);
  assert.equal(slow.session.getSnapshot().generation, 2);
  assert.equal(fast.session.getSnapshot().generation, 2);
  close([slow, fast]);
});

Deno.test("what is no record in the storage is no reason to fail", async () => {
  for (const junk of ["", "null", "{", "[]", '{"v":1}', '{"v":1,"epoch":"x"}', '{"v":2}']) {
    const world = createWorld();
    world.storage.set("session:v1", junk);
    const tab = world.openTab();
    await world.advance(0);
    assert.equal(tab.session.getSnapshot().status, "active", junk);
    tab.session.dispose();
  }
});
