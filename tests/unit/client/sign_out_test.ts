import assert from "node:assert/strict";
import { createHarness } from "./client_harness.ts";

Deno.test("signing out is immediate here, and the request is repeated until the server answers", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  const { kind } = await tab.session.signOut();
  assert.equal(kind, "unavailable");
  assert.deepEqual(
    [tab.session.getSnapshot().status, tab.session.getSnapshot().user],
    ["signed-out", null],
  );
  harness.server.script = undefined;
  await harness.advance(60_000);
  assert.equal(harness.server.calls.at(-1), "logout");
  const after = harness.server.calls.length;
  await harness.advance(3_600_000);
  assert.equal(harness.server.calls.length, after);
  assert.equal(tab.count("signed-out"), 1);
  tab.session.dispose();
});

Deno.test("a reply that comes after signing out does not sign in again", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.latencyMs = 1000;
  void tab.session.refresh();
  await harness.advance(100);
  const out = tab.session.signOut();
  await harness.advance(5000);
  assert.deepEqual(await out, { kind: "done" });
  assert.equal(tab.session.getSnapshot().status, "signed-out");
  assert.equal(await tab.session.getAccessToken(), null);
  tab.session.dispose();
});

Deno.test("a page that signed out while the server was away tells it after a reload, before anything else", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  await tab.session.signOut();
  tab.session.dispose();
  harness.server.script = withoutCookie;
  harness.server.calls.length = 0;
  await harness.sleep(10);
  const next = harness.openTab();
  await harness.advance(0);
  assert.deepEqual(harness.server.calls, ["logout", "validate"]);
  assert.equal(next.session.getSnapshot().status, "signed-out");
  assert.equal(await next.session.getAccessToken(), null);
  next.session.dispose();
});

Deno.test("a session that is started again finds out that another tab signed out without the server", async () => {
  const harness = createHarness();
  const [tab, other] = [harness.openTab(), harness.openTab()];
  await harness.advance(2000);
  tab.session.dispose();
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  await other.session.signOut();
  other.session.dispose();
  harness.server.script = withoutCookie;
  await harness.sleep(10);
  tab.session.start();
  await harness.advance(0);
  const { status, canMutate } = tab.session.getSnapshot();
  assert.deepEqual({ status, canMutate }, { status: "ended", canMutate: false });
  tab.session.dispose();
});

/** The server after it signed this browser out. */
function withoutCookie(path: "validate" | "refresh" | "logout") {
  return path === "logout"
    ? { kind: "done" } as const
    : { kind: "rejected", reason: "no-session" } as const;
}
