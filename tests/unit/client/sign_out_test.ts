import assert from "node:assert/strict";
import { createWorld } from "./world.ts";

Deno.test("signing out is immediate here, and the server is told until it answers", async () => {
  const world = createWorld();
  const tab = world.openTab();
  await world.advance(0);
  world.server.script = () => ({ kind: "unavailable", cause: "network" });
  const { kind } = await tab.session.signOut();
  assert.equal(kind, "unavailable");
  assert.deepEqual(
    [tab.session.getSnapshot().status, tab.session.getSnapshot().user],
    ["signed-out", null],
  );
  world.server.script = undefined;
  await world.advance(60_000);
  assert.equal(world.server.calls.at(-1), "logout");
  const after = world.server.calls.length;
  await world.advance(3_600_000);
  assert.equal(world.server.calls.length, after);
  assert.equal(tab.count("signed-out"), 1);
  tab.session.dispose();
});

Deno.test("a reply that comes after signing out does not sign in again", async () => {
  const world = createWorld();
  const tab = world.openTab();
  await world.advance(0);
  world.server.latencyMs = 1000;
  void tab.session.refresh();
  await world.advance(100);
  const out = tab.session.signOut();
  await world.advance(5000);
  assert.deepEqual(await out, { kind: "done" });
  assert.equal(tab.session.getSnapshot().status, "signed-out");
  assert.equal(await tab.session.getAccessToken(), null);
  tab.session.dispose();
});

Deno.test("a page that signed out while the server was away tells it after a reload, before anything else", async () => {
  const world = createWorld();
  const tab = world.openTab();
  await world.advance(0);
  world.server.script = () => ({ kind: "unavailable", cause: "network" });
  await tab.session.signOut();
  tab.session.dispose();
  world.server.script = withoutCookie;
  world.server.calls.length = 0;
  await world.sleep(10);
  const next = world.openTab();
  await world.advance(0);
  assert.deepEqual(world.server.calls, ["logout", "validate"]);
  assert.equal(next.session.getSnapshot().status, "signed-out");
  assert.equal(await next.session.getAccessToken(), null);
  next.session.dispose();
});

Deno.test("a session that is started again finds out that another tab signed out without the server", async () => {
  const world = createWorld();
  const [tab, other] = [world.openTab(), world.openTab()];
  await world.advance(2000);
  tab.session.dispose();
  world.server.script = () => ({ kind: "unavailable", cause: "network" });
  await other.session.signOut();
  other.session.dispose();
  world.server.script = withoutCookie;
  await world.sleep(10);
  tab.session.start();
  await world.advance(0);
  const { status, canMutate } = tab.session.getSnapshot();
  assert.deepEqual([status, canMutate], ["ended", false]);
  tab.session.dispose();
});

/** The server after it signed this browser out. */
function withoutCookie(path: "validate" | "refresh" | "logout") {
  return path === "logout"
    ? { kind: "done" } as const
    : { kind: "rejected", reason: "no-session" } as const;
}
