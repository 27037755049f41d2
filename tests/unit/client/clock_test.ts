import assert from "node:assert/strict";
import { backoffMs } from "../../../client/src/session/need.ts";
import { elapsedMs } from "../../../client/src/environment.ts";
import { createHarness } from "./client_harness.ts";

const LADDER = { backoffBaseMs: 1_000, backoffCapMs: 300_000 };

Deno.test("backoff strictly grows in expectation up to its cap, and starts below 5 s", () => {
  const expected = Array.from(
    { length: 12 },
    (_, failure) => backoffMs(failure + 1, { ...LADDER, random: 0.5 }),
  );
  const top = expected.indexOf(150_000);
  assert.equal(
    expected.slice(0, top + 1).every((ms, n, all) => n === 0 || ms > (all[n - 1] ?? 0)),
    true,
  );
  assert.deepEqual([expected[0], top, expected.at(-1)], [500, 9, 150_000]);
  assert.ok(backoffMs(1, { ...LADDER, random: 0.999 }) < 5000);
});

Deno.test("a server's Retry-After replaces the ladder, up to an hour", () => {
  assert.equal(backoffMs(9, { ...LADDER, random: 0.9, retryAfterMs: 2000 }), 2000);
  assert.equal(backoffMs(1, { ...LADDER, random: 0.9, retryAfterMs: 9e9 }), 3_600_000);
});

Deno.test("elapsed time is the longer of both clocks, and unknown when the wall clock was set back", () => {
  const start = { date: 1000, perf: 0 };
  assert.equal(elapsedMs(start, { date: 61_000, perf: 10 }), 60_000);
  assert.equal(elapsedMs(start, { date: 1000, perf: 60_000 }), 60_000);
  assert.equal(elapsedMs(start, { date: -10_000, perf: 10 }), Infinity);
  assert.equal(elapsedMs(start, { date: 1000 + 31 * 86_400_000, perf: 10 }), Infinity);
});

for (const hours of [2, -2]) {
  Deno.test(`a clock that is ${hours} h wrong costs no request`, async () => {
    const harness = createHarness();
    harness.skewMs = hours * 3_600_000;
    const tab = harness.openTab();
    await harness.advance(0);
    for (let read = 0; read < 40; read++) {
      assert.equal(await tab.session.getAccessToken(), "token-1");
    }
    assert.deepEqual(harness.server.calls, ["validate"]);
    tab.session.dispose();
  });

  Deno.test(`a clock set by ${hours} h costs one request, not one for each read`, async () => {
    const harness = createHarness();
    const tab = harness.openTab();
    await harness.advance(0);
    harness.skewMs = hours * 3_600_000;
    for (let read = 0; read < 40; read++) await tab.session.getAccessToken();
    assert.ok(harness.server.calls.length <= 2, String(harness.server.calls));
    assert.equal(tab.session.getSnapshot().status, "active");
    tab.session.dispose();
  });
}

Deno.test("a session that ends soon is warned of, counted down by the minute, and cleared by extending", async () => {
  const harness = createHarness();
  harness.server.sessionEndsInMs = 8 * 60_000;
  const tab = harness.openTab();
  await harness.advance(2 * 60_000);
  assert.equal(tab.session.getSnapshot().warning, null);
  await harness.advance(61_000);
  assert.equal(tab.session.getSnapshot().warning?.kind, "session-ending");
  assert.equal(tab.session.getSnapshot().warning?.minutesLeft, 5);
  await harness.advance(60_000);
  assert.equal(tab.session.getSnapshot().warning?.minutesLeft, 4);
  assert.equal(tab.count("session-warning"), 1);
  harness.server.sessionEndsInMs = 3_600_000;
  await tab.session.refresh();
  assert.equal(tab.session.getSnapshot().warning, null);
  assert.equal(tab.count("session-warning-cleared"), 1);
  tab.session.dispose();
});

Deno.test("a dismissed warning stays closed until the session is refreshed", async () => {
  const harness = createHarness();
  harness.server.sessionEndsInMs = 4 * 60_000;
  const tab = harness.openTab();
  await harness.advance(0);
  assert.ok(tab.session.getSnapshot().warning);
  tab.session.dismissWarning();
  assert.equal(tab.session.getSnapshot().warning, null);
  await harness.advance(60_000);
  assert.equal(tab.session.getSnapshot().warning, null);
  await tab.session.refresh();
  assert.ok(tab.session.getSnapshot().warning);
  tab.session.dispose();
});

Deno.test("a healthy session warns of nothing in a day and a half", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(36 * 3_600_000);
  assert.equal(tab.count("session-warning"), 0);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
});

// Memory is measured in Chromium, where a test can force a garbage collection.
Deno.test("10,000 refreshes leave no timer, no longer record and no longer diagnosis", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  const refresh = async (times: number) => {
    for (let n = 0; n < times; n++) {
      await harness.sleep(1100);
      await tab.session.refresh();
      for (const grown of [tab.events, harness.server.calls, harness.messages]) grown.length = 0;
    }
  };
  await refresh(1000);
  const timers = harness.timers();
  const stored = [...harness.storage.values()].join().length;
  await refresh(9000);
  assert.equal(harness.server.generation, 10_001);
  assert.equal(harness.timers(), timers);
  assert.ok([...harness.storage.values()].join().length < stored + 10);
  assert.ok(tab.session.diagnostics().length <= 100);
  tab.session.dispose();
});
