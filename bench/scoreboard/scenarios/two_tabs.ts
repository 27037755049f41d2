/**
 * S3: two tabs wake up at the same time with an old token.
 *
 * @module
 */

import { defineScenario, plural } from "../scenario.ts";
import { pause, RENEW } from "../stage.ts";

export const twoTabs = defineScenario({
  id: "S3",
  title: "two tabs wake up at once",
  target: "1 request, both tabs served",
  method: "The machine sleeps for an hour: the token has expired, and the clocks of two tabs of " +
    "one profile have moved on. Both read the token at once, or ask for a renewal where reading " +
    "renews nothing; its answer is held for half a second, so that they overlap. Afterwards each " +
    "refreshes once more, one after the other.",
  accessTtlSeconds: 3600,
  async run({ arena: { wire }, open, openSignedIn, sleep }) {
    const tabs = [await openSignedIn(), await open()];
    for (const tab of tabs) await tab.waitFor("contestant.isSignedIn()");
    wire.reset();
    const held = wire.hold("renewal"); // before a tab notices that it slept
    await sleep(tabs);
    // WebKit's driver evaluates in one tab at a time, so the tabs are asked for the outcome afterwards.
    for (const tab of tabs) await tab.evaluate(`void (globalThis.renewing = ${RENEW})`);
    await held.arrived;
    await pause(500);
    held.release();
    const served = await Promise.all(tabs.map((tab) => tab.evaluate<boolean>("renewing")));
    const tabsServed = served.filter(Boolean).length;
    const requests = wire.count("renewal");
    await sleep(tabs);
    let tabsGoingOn = 0;
    for (const tab of tabs) {
      await tab.show();
      if (await tab.evaluate<boolean>(RENEW)) tabsGoingOn++;
    }
    return { requests, tabsServed, tabsGoingOn };
  },
  judge({ requests, tabsServed, tabsGoingOn }) {
    const served = tabsServed === 2 ? "both tabs served" : "one tab gets nothing";
    const words = [
      plural(requests, "request"),
      served,
      ...(tabsGoingOn < 2 ? ["one is lost at the next refresh"] : []),
    ].join(", ");
    if (tabsServed < 2 || tabsGoingOn < 2) return { result: "missed", words };
    return { result: requests === 1 ? "met" : "partly", words };
  },
});
