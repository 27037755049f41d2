import assert from "node:assert/strict";
import { createHarness } from "./client_harness.ts";

Deno.test("one return is one question, however many events announce it", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(61_000);
  harness.server.calls.length = 0;
  tab.window.dispatchEvent(new Event("focus"));
  tab.document.dispatchEvent(new Event("visibilitychange"));
  tab.window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  await harness.advance(1000);
  assert.deepEqual(harness.server.calls, ["validate"]);
  tab.session.dispose();
});

Deno.test("returns to a tab that was verified a moment ago cost nothing and show nothing", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(1000);
  tab.events.length = 0;
  for (let visit = 0; visit < 5; visit++) {
    tab.document.dispatchEvent(new Event("visibilitychange"));
    tab.window.dispatchEvent(new Event("focus"));
    await harness.advance(5000);
  }
  assert.deepEqual(harness.server.calls, ["validate"]);
  assert.deepEqual(tab.events, []);
  tab.session.dispose();
});

Deno.test("the network's return right after a failed return is not lost in the debounce", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(61_000);
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  tab.document.dispatchEvent(new Event("visibilitychange"));
  await harness.advance(200);
  assert.equal(tab.session.getSnapshot().failures, 1);
  harness.server.script = undefined;
  tab.window.dispatchEvent(new Event("online"));
  await harness.advance(200);
  assert.equal(tab.session.getSnapshot().failures, 0);
  tab.session.dispose();
});

Deno.test("a return finds a revoked session although its access token is far from over", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(61_000);
  harness.server.script = () => ({ kind: "rejected", reason: "revoked" });
  tab.document.dispatchEvent(new Event("visibilitychange"));
  await harness.advance(1000);
  assert.deepEqual(
    [tab.session.getSnapshot().status, tab.session.getSnapshot().reason],
    ["ended", "revoked"],
  );
  tab.session.dispose();
});

Deno.test("a return refreshes an access token that is nearly over", async () => {
  const harness = createHarness();
  const tab = harness.openTab({ heartbeatMs: 3_600_000 });
  await harness.advance(0);
  await harness.sleep(55 * 60_000);
  tab.document.dispatchEvent(new Event("visibilitychange"));
  await harness.advance(1000);
  assert.equal(harness.server.generation, 2);
  tab.session.dispose();
});

Deno.test("a gap of the heartbeat is a suspension: an event and a question, though no event came", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(1000);
  await harness.sleep(7_200_000);
  await harness.advance(1000);
  const suspended = tab.events.find(({ name }) => name === "suspended")?.detail;
  assert.ok((suspended as { elapsedMs: number }).elapsedMs >= 7_200_000);
  assert.equal(harness.server.generation, 2);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
});

Deno.test("a beat that is only late is no suspension", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(1000);
  await harness.sleep(110_000);
  await harness.advance(1000);
  assert.equal(tab.count("suspended"), 0);
  tab.session.dispose();
});

Deno.test("offline and online are in the snapshot and are one event each", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  tab.window.dispatchEvent(new Event("offline"));
  tab.window.dispatchEvent(new Event("offline"));
  assert.deepEqual({
    offline: tab.session.getSnapshot().offline,
    canMutate: tab.session.getSnapshot().canMutate,
  }, { offline: true, canMutate: false });
  tab.window.dispatchEvent(new Event("online"));
  await harness.advance(1000);
  assert.equal(tab.session.getSnapshot().canMutate, true);
  assert.deepEqual([tab.count("offline"), tab.count("online")], [1, 1]);
  tab.session.dispose();
});

Deno.test("a hidden tab leaves the refresh to a visible one", async () => {
  const harness = createHarness();
  const [hidden, visible] = [harness.openTab(), harness.openTab()];
  assert.ok(hidden && visible);
  await harness.advance(0);
  hidden.document.hidden = true;
  await harness.advance(3_600_000);
  assert.equal(harness.server.generation, 2);
  assert.equal(hidden.session.getSnapshot().generation, 2);
  const own = hidden.events.filter(({ name, detail }) =>
    name === "recovery" && (detail as { action: string }).action === "refresh"
  );
  assert.equal(own.length, 0);
  hidden.session.dispose();
  visible.session.dispose();
});

Deno.test("a hidden tab that is alone refreshes all the same, before the access token expires", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  tab.document.hidden = true;
  await harness.advance(55 * 60_000);
  assert.equal(harness.server.generation, 2);
  tab.session.dispose();
});

Deno.test("the DOM hears of a refresh too", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  const heard: unknown[] = [];
  tab.window.addEventListener(
    "session-refreshed",
    (event) => heard.push((event as CustomEvent).detail),
  );
  await harness.advance(0);
  await tab.session.refresh();
  await harness.advance(0);
  assert.deepEqual(heard, [{ generation: 2, source: "self" }]);
  tab.session.dispose();
});
