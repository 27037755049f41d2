import assert from "node:assert/strict";
import { seededChance } from "../../harness/chance.ts";
import { liveRandomly } from "./random_life.ts";
import { openStagedProject } from "./scenario.ts";

const project = await openStagedProject();
Deno.test.afterAll(() => project.close());

/** Other lives every day; `UNIFIED_AUTH_SEED` lives those of a failure again, `UNIFIED_AUTH_LIVES` more of them. */
const SEED = Number(Deno.env.get("UNIFIED_AUTH_SEED") ?? Math.floor(Date.now() / 86_400_000));
const LIVES = Number(Deno.env.get("UNIFIED_AUTH_LIVES") ?? 80);

const QUICK = {
  heartbeatMs: 1_000,
  settleMs: 10,
  visibilityDebounceMs: 20,
  revalidateAfterMs: 50,
  requestTimeoutMs: 1_000,
  backoffBaseMs: 20,
  backoffCapMs: 100,
  lockWaitMs: 300,
};

Deno.test("random lives of three tabs sign nobody out", () =>
  project.withStage(async (stage) => {
    const { site, url, openSignedIn, open } = stage;
    const tabs = [await openSignedIn(QUICK), await open(QUICK), await open(QUICK)];
    const id = await tabs[0]?.evaluate("session.getSnapshot().user.id");
    const chance = seededChance(SEED);
    console.log(`seed ${SEED}`);

    for (let life = 0; life < LIVES; life++) {
      const story = await liveRandomly(stage, tabs, chance);
      site.setFate(null);
      for (const [index, tab] of tabs.entries()) {
        const where = `seed ${SEED}, life ${life}, tab ${index + 1}: ${story}`;
        await tab.setOffline(false);
        await tab.show();
        await tab.waitFor("document.readyState === 'complete'");
        // A page that was loaded without a network is the browser's own: a person reloads it.
        if (!await tab.evaluate("!!globalThis.session")) await tab.navigate(url(QUICK));
        await tab.waitFor("globalThis.session?.getSnapshot().status === 'active'").catch(
          (error: unknown) => {
            throw new Error(`${where}: ${error}`);
          },
        );
        const [user, events] = await tab.evaluate<[string, readonly string[]]>(
          "[session.getSnapshot().user.id, events]",
        );
        assert.equal(user, id, where);
        assert.ok(!events.includes("session-ended") && !events.includes("signed-out"), where);
      }
    }
  }));
