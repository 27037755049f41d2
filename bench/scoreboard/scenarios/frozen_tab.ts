/**
 * S10: the browser freezes a tab that refreshes, or one that waits to.
 *
 * @module
 */

import type { Tab } from "../../../tests/harness/browser/tab.ts";
import { defineScenario, plural } from "../scenario.ts";
import { pause, RENEW, type Stage } from "../stage.ts";

const LIMIT_SECONDS = 6;
const PATIENCE_SECONDS = 15;
/** On a busy machine a measurement differs by a second from run to run. */
const STEP_SECONDS = 2;

export const frozenTab = defineScenario({
  id: "S10",
  title: "tab frozen while refreshing, or while waiting",
  target: `the other tab served within ${LIMIT_SECONDS} s, 1 rotation`,
  method:
    "The first case: a tab is frozen while its renewal is under way, and another tab asks for " +
    "one. The second: a tab renews, a second one asks too and is frozen, a third one asks. Measured " +
    "is how long the last tab waits, in steps of two seconds, and how often the server rotated.",
  accessTtlSeconds: 3600,
  beyondOtherDrivers: "its driver freezes no tab",
  async run(stage) {
    const holder = await freezeHolder(stage);
    const waiter = await freezeWaiter(stage);
    return { ...holder, ...waiter };
  },
  judge({ holderSeconds, holderRotations, waiterSeconds, waiterRotations }) {
    const words = `frozen while refreshing: ${describe(holderSeconds, holderRotations)}; ` +
      `while waiting: ${describe(waiterSeconds, waiterRotations)}`;
    const slowest = Math.max(holderSeconds ?? Infinity, waiterSeconds ?? Infinity);
    if (slowest > LIMIT_SECONDS) return { result: "missed", words };
    return { result: holderRotations + waiterRotations === 2 ? "met" : "partly", words };
  },
});

function describe(seconds: number | null, rotations: number): string {
  const served = seconds === null
    ? `not served within ${PATIENCE_SECONDS} s`
    : seconds === 0
    ? "served at once"
    : `served after ${seconds} s`;
  return `${served}, ${plural(rotations, "rotation")}`;
}

async function freezeHolder({ arena, open, openSignedIn, sleep }: Stage) {
  const frozen = await openSignedIn();
  const other = await open();
  await other.waitFor("contestant.isSignedIn()");
  await sleep([frozen, other]);
  const issuedBefore = arena.issuedCredentials();
  const held = arena.wire.hold("renewal");
  await startRefresh(frozen);
  await held.arrived;
  await other.show();
  await frozen.freeze();
  arena.wire.setFate("renewal", null); // the frozen tab's own stays held
  const holderSeconds = await secondsToRefresh(other);
  held.release();
  await frozen.thaw();
  await frozen.show();
  await frozen.waitFor("globalThis.settled === true");
  const holderRotations = arena.issuedCredentials() - issuedBefore;
  await frozen.close();
  await other.close();
  return { holderSeconds, holderRotations };
}

async function freezeWaiter({ arena, open, sleep }: Stage) {
  const tabs = [await open(), await open(), await open()] as const;
  const [holder, waiter, other] = tabs;
  for (const tab of tabs) await tab.waitFor("contestant.isSignedIn()");
  await sleep(tabs);
  const issuedBefore = arena.issuedCredentials();
  const held = arena.wire.hold("renewal");
  await startRefresh(holder);
  await held.arrived;
  await startRefresh(waiter);
  await pause(200);
  await other.show();
  await waiter.freeze();
  const served = secondsToRefresh(other);
  await pause(200);
  held.release();
  const waiterSeconds = await served;
  await waiter.thaw();
  await waiter.show();
  await waiter.waitFor("globalThis.settled === true");
  return { waiterSeconds, waiterRotations: arena.issuedCredentials() - issuedBefore };
}

async function startRefresh(tab: Tab): Promise<void> {
  await tab.evaluate(`void ${RENEW}.then(() => { globalThis.settled = true; })`);
}

/** In steps; null: not served. */
async function secondsToRefresh(tab: Tab): Promise<number | null> {
  return await tab.evaluate<number | null>(`(() => {
    const startedMs = performance.now();
    return Promise.race([
      ${RENEW}.then((good) => good ? performance.now() - startedMs : null),
      new Promise((resolve) => setTimeout(resolve, ${PATIENCE_SECONDS * 1000}, null)),
    ]).then((ms) => ms === null ? null : Math.floor(ms / ${STEP_SECONDS * 1000}) * ${STEP_SECONDS});
  })()`);
}
