import assert from "node:assert/strict";
import { ADA, createWorld } from "./world.ts";

Deno.test("a cold start asks the server, whatever is known here", async () => {
  const world = createWorld();
  const tab = world.openTab();
  assert.equal(tab.session.getSnapshot().status, "restoring");
  await world.advance(0);
  assert.deepEqual(world.server.calls, ["validate"]);
  const { status, user, canMutate, sessionVerified, generation } = tab.session.getSnapshot();
  assert.deepEqual([status, user, canMutate, sessionVerified, generation], [
    "active",
    ADA,
    true,
    true,
    1,
  ]);
  tab.session.dispose();
  assert.equal(world.timers(), 0);
});

Deno.test("a known user is shown before the server answers, and may not write yet", async () => {
  const world = createWorld();
  const first = world.openTab();
  await world.advance(0);
  first.session.dispose();
  const next = world.openTab();
  const { status, user, canMutate } = next.session.getSnapshot();
  assert.deepEqual([status, user, canMutate], ["restoring", ADA, false]);
  await world.advance(0);
  assert.deepEqual(world.server.calls, ["validate", "validate"]);
  next.session.dispose();
});

Deno.test("a hint older than twelve hours is not shown, and the server is asked all the same", async () => {
  const world = createWorld();
  const first = world.openTab();
  await world.advance(0);
  first.session.dispose();
  await world.sleep(12 * 3_600_000);
  const next = world.openTab();
  assert.equal(next.session.getSnapshot().user, null);
  await world.advance(0);
  assert.equal(next.session.getSnapshot().status, "active");
  next.session.dispose();
});

Deno.test("start and dispose may be repeated, and StrictMode's double start asks once", async () => {
  const world = createWorld();
  const tab = world.openTab();
  tab.session.start();
  tab.session.dispose();
  tab.session.dispose();
  tab.session.start();
  await world.advance(0);
  assert.deepEqual(world.server.calls, ["validate"]);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
  assert.equal(world.timers(), 0);
});

Deno.test("what a server-rendered page verified is active at once, and is not told to other tabs", async () => {
  const world = createWorld();
  const tab = world.openTab({ initial: world.server.valid(false) }, false);
  assert.equal(tab.session.getSnapshot().status, "active");
  assert.equal(tab.session.getServerSnapshot(), tab.session.getSnapshot());
  assert.equal(world.storage.size, 0);
  tab.session.start();
  await world.advance(0);
  assert.deepEqual(world.server.calls, ["validate"]);
  assert.equal(await tab.session.getAccessToken(), "token-1");
  tab.session.dispose();
});

Deno.test("without a hint, an outage at the start is never taken for signed out", async () => {
  const world = createWorld();
  world.server.script = () => ({ kind: "unavailable", cause: "network" });
  const tab = world.openTab();
  await world.advance(30_000);
  assert.equal(tab.session.getSnapshot().status, "restoring");
  assert.ok(tab.session.getSnapshot().failures > 2);
  world.server.script = undefined;
  await world.advance(300_000);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
});

Deno.test("with a hint, an outage at the start is degraded until the server answers", async () => {
  const world = createWorld();
  const first = world.openTab();
  await world.advance(0);
  first.session.dispose();
  world.server.script = () => ({ kind: "busy" });
  const tab = world.openTab();
  await world.advance(100);
  const { status, user, canMutate } = tab.session.getSnapshot();
  assert.deepEqual([status, user, canMutate], ["degraded", ADA, false]);
  world.server.script = undefined;
  await world.advance(300_000);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
});

Deno.test("a verdict without a hint is signed out, with a hint it is expired and the user stays", async () => {
  const world = createWorld();
  const first = world.openTab();
  await world.advance(0);
  first.session.dispose();
  world.server.script = () => ({ kind: "rejected", reason: "revoked" });
  const known = world.openTab();
  await world.advance(0);
  assert.deepEqual(
    [known.session.getSnapshot().status, known.session.getSnapshot().user],
    ["ended", ADA],
  );
  assert.equal(known.session.getSnapshot().reason, "revoked");
  known.session.dispose();
  const stranger = world.openTab();
  await world.advance(0);
  assert.equal(stranger.session.getSnapshot().status, "signed-out");
  stranger.session.dispose();
});
