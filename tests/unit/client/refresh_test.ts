import assert from "node:assert/strict";
import { createHarness, type Harness, type Tab } from "./client_harness.ts";

const RETURNED_AFTER_MS = 120_000;

/** A page to which somebody comes back, and whose question about that is still out. */
async function comeBack(harness: Harness): Promise<Tab> {
  const tab = harness.openTab();
  await harness.advance(RETURNED_AFTER_MS);
  harness.server.latencyMs = 100;
  void tab.session.check("visibility");
  await harness.advance(50);
  assert.deepEqual(harness.server.calls, ["validate", "validate"]);
  return tab;
}

Deno.test("a request for a fresh token is not answered by a validate that was under way", async () => {
  const harness = createHarness();
  const tab = await comeBack(harness);
  const { sessionEndsAt } = tab.session.getSnapshot();
  assert.ok(sessionEndsAt);
  const asked = Promise.all(Array.from({ length: 20 }, () => tab.session.refresh()));
  await harness.advance(1000);
  const [after] = await asked;
  assert.deepEqual(harness.server.calls, ["validate", "validate", "refresh"]);
  assert.ok((after?.sessionEndsAt ?? 0) > sessionEndsAt + RETURNED_AFTER_MS - 1000);
  tab.session.dispose();
});

Deno.test("nor by the validate of another tab that it waited for", async () => {
  const harness = createHarness();
  const other = await comeBack(harness);
  const tab = harness.openTab();
  await harness.advance(200);
  harness.server.calls.length = 0;
  void other.session.check();
  await harness.advance(50);
  const asked = tab.session.refresh();
  await harness.advance(1000);
  await asked;
  assert.deepEqual(harness.server.calls, ["validate", "refresh"]);
  other.session.dispose();
  tab.session.dispose();
});

Deno.test("but by the refresh of another tab that it waited for", async () => {
  const harness = createHarness();
  const other = await comeBack(harness);
  const tab = harness.openTab();
  await harness.advance(200);
  harness.server.calls.length = 0;
  void other.session.refresh();
  await harness.advance(50);
  const asked = tab.session.refresh();
  await harness.advance(1000);
  assert.equal((await asked).generation, 2);
  assert.deepEqual(harness.server.calls, ["refresh"]);
  other.session.dispose();
  tab.session.dispose();
});

Deno.test("a token that must live for a while is asked for, though a validate was under way", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(40 * 60_000);
  harness.server.latencyMs = 100;
  void tab.session.check();
  await harness.advance(50);
  const tokens = Promise.all(
    Array.from({ length: 20 }, () => tab.session.getAccessToken({ minTtlMs: 25 * 60_000 })),
  );
  await harness.advance(1000);
  assert.deepEqual(new Set(await tokens), new Set(["token-2"]));
  assert.equal(harness.server.calls.filter((call) => call === "refresh").length, 1);
  tab.session.dispose();
});

Deno.test("a server that answers a refresh without a rotation is not asked over and over", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(36 * 60_000);
  harness.server.script = () => harness.server.valid(false);
  harness.server.latencyMs = 100;
  harness.server.calls.length = 0;
  const refreshes = Promise.all(Array.from({ length: 20 }, () => tab.session.refresh()));
  await harness.advance(1000);
  await refreshes;
  assert.deepEqual(harness.server.calls, ["refresh"]);
  harness.server.latencyMs = 0;
  await harness.advance(2000);
  for (let n = 0; n < 20; n++) await tab.session.getAccessToken({ minTtlMs: 25 * 60_000 });
  assert.equal(harness.server.calls.filter((call) => call === "refresh").length, 2);
  tab.session.dispose();
});
