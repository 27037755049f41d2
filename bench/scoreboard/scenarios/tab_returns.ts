/**
 * S6: the person looks at another tab and comes back, twice.
 *
 * @module
 */

import { defineScenario, plural } from "../scenario.ts";
import { pause } from "../stage.ts";

const AWAY_MS = 3_000;
const BACK_MS = 3_000;

export const tabReturns = defineScenario({
  id: "S6",
  title: "two returns to the tab",
  target: "no event for the user interface",
  method:
    `Twice, the page's window is minimized for ${AWAY_MS / 1000} s and seen for ${
      BACK_MS / 1000
    } s, so that Chromium hides and shows it. Nothing changes on the server. Counted is what the ` +
    "documented listener of a user interface gets.",
  accessTtlSeconds: 3600,
  beyondOtherDrivers: "its driver hides no window",
  async run({ openSignedIn }) {
    const tab = await openSignedIn();
    await tab.waitFor("contestant.isReady()");
    await pause(500);
    await tab.evaluate("void (contestant.events.length = 0)");
    for (let turn = 0; turn < 2; turn++) {
      await tab.hide();
      await tab.waitFor("document.hidden && !document.hasFocus()");
      await pause(AWAY_MS);
      await tab.show();
      await tab.waitFor("!document.hidden && document.hasFocus()");
      await pause(BACK_MS);
    }
    const events = await tab.evaluate<readonly string[]>("contestant.events");
    const names = [...new Set(events)].sort();
    return { events: events.length, names: names.join(", ") };
  },
  judge({ events, names }) {
    if (events === 0) return { result: "met", words: "no event" };
    return { result: "missed", words: `${plural(events, "event")}: ${names}` };
  },
});
