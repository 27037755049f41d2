/**
 * S6: the person looks at another tab and comes back, twice.
 *
 * @module
 */

import type { Tab } from "../../browser/tab.ts";
import { defineScenario, plural } from "../scenario.ts";
import { pause } from "../stage.ts";

const AWAY_MS = 3_000;
const BACK_MS = 3_000;

export const tabReturns = defineScenario({
  id: "S6",
  title: "two returns to the tab",
  target: "no event for the user interface",
  method:
    `Twice, the page becomes hidden for ${AWAY_MS / 1000} s and visible for ${
      BACK_MS / 1000
    } s, with the events in Chromium's order (the headless shell keeps pages visible, so ` +
    "`document.visibilityState` is set too). Nothing changes on the server. Counted is what the " +
    "listener is told that the documentation gives to a user interface.",
  accessTtlSeconds: 3600,
  async run({ openSignedIn }) {
    const tab = await openSignedIn();
    await pause(500);
    await tab.evaluate("void (contestant.told.length = 0)");
    for (let turn = 0; turn < 2; turn++) {
      await setVisibility(tab, "hidden");
      await pause(AWAY_MS);
      await setVisibility(tab, "visible");
      await pause(BACK_MS);
    }
    const told = await tab.evaluate<readonly string[]>("contestant.told");
    const names = [...new Set(told)].sort();
    return { events: told.length, names: names.join(", ") };
  },
  judge({ events, names }) {
    if (events === 0) return { verdict: "met", words: "no event" };
    return { verdict: "missed", words: `${plural(events, "event")}: ${names}` };
  },
});

/** As Chromium does it: `focus` and `visibilitychange` in one millisecond. */
async function setVisibility(tab: Tab, state: "hidden" | "visible"): Promise<void> {
  await tab.evaluate(`(() => {
    Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true });
    Object.defineProperty(document, "hidden", { value: ${state === "hidden"}, configurable: true });
    dispatchEvent(new Event("${state === "hidden" ? "blur" : "focus"}"));
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  })()`);
}
