import assert from "node:assert/strict";
import { openStagedProject } from "./scenario.ts";

const project = await openStagedProject({
  environment: { SESSION_ACCESS_TTL_SECONDS: "40", SESSION_WINDOW_SECONDS: "1" },
});
Deno.test.afterAll(() => project.close());

Deno.test("a hidden page whose timers come once a minute keeps its session", () =>
  project.withStage(async ({ site, openSignedIn }) => {
    const tab = await openSignedIn(
      {},
      `
      globalThis.lastBeatAt = performance.now();
      setInterval(() => { lastBeatAt = performance.now(); }, 1_000);`,
    );
    await tab.evaluate("events.length = 0");
    await tab.hide();
    // Once a minute, but not from now: the browser's first minute may end soon.
    await tab.waitFor("performance.now() - lastBeatAt > 30_000", 80_000);
    site.reset();
    await tab.show();
    await tab.waitFor("session.getSnapshot().canMutate");
    await tab.evaluate("new Promise((resolve) => setTimeout(resolve, 1_100))");
    assert.ok(site.count("validate") + site.count("refresh") <= 1);
    const events = await tab.evaluate<string[]>("events");
    assert.deepEqual(events.filter((name) => name !== "session-refreshed"), []);
  }, { flags: ["--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/5"] }));
