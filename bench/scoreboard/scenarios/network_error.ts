/**
 * S8: the network is away when the token is due.
 *
 * @module
 */

import { defineScenario } from "../scenario.ts";
import { atMost, becomesTrue, pause } from "../stage.ts";

export const networkError = defineScenario({
  id: "S8",
  title: "network error at renewal",
  target: "session kept, refreshed automatically",
  method:
    "The browser is offline when a renewal is due, for 3 s. Back online, nothing is done for " +
    "10 s but to look whether a renewal comes.",
  accessTtlSeconds: 3600,
  beyondOtherDrivers: "its driver cuts no network off",
  async run({ arena: { wire }, openSignedIn, outliveAccess }) {
    const tab = await openSignedIn();
    await outliveAccess();
    await tab.setOffline(true);
    const attempt = tab.evaluate(
      "(contestant.renewInBackground ?? contestant.refresh)().then(() => 0, () => 0)",
    );
    await atMost(8_000, attempt);
    await pause(3_000);
    const kept = await tab.evaluate<boolean>("contestant.isSignedIn()");
    let renewed = false;
    wire.setFate("renewal", (reply) => {
      renewed ||= reply.ok;
      return reply;
    });
    await tab.setOffline(false);
    const automatically = kept && await becomesTrue(() => renewed, 10_000);
    await attempt;
    const onUse = kept && !automatically &&
      await tab.evaluate<boolean>("contestant.refresh().catch(() => false)");
    return { kept, recovery: automatically ? "itself" : onUse ? "use" : "none" };
  },
  judge({ kept, recovery }) {
    if (!kept) return { result: "missed", words: "signed out" };
    if (recovery === "itself") return { result: "met", words: "kept, refreshed automatically" };
    if (recovery === "use") {
      return { result: "partly", words: "kept, not retried automatically" };
    }
    return { result: "missed", words: "kept, not refreshed when asked again" };
  },
});
