/**
 * S4: the machine's clock is two hours fast.
 *
 * @module
 */

import { defineScenario, plural } from "../scenario.ts";

const READS = 40;
const TWO_HOURS_MS = 7_200_000;

export const wrongClock = defineScenario({
  id: "S4",
  title: `clock +2 h, ${READS} reads`,
  target: "at most 1 request, signed in",
  method:
    `The page's Date is two hours fast from its first line on. After the sign-in the token or ` +
    `session is read ${READS} times, one after the other; renewals are counted at the server.`,
  accessTtlSeconds: 3600,
  async run({ arena: { wire }, openSignedIn }) {
    const tab = await openSignedIn({ clockOffsetMs: TWO_HOURS_MS });
    await tab.evaluate(`(async () => {
      for (let read = 0; read < ${READS}; read++) await contestant.read().catch(() => false);
    })()`);
    const signedIn = await tab.evaluate<boolean>("contestant.isSignedIn()");
    return { requests: wire.count("renewal"), signedIn };
  },
  judge({ requests, signedIn }) {
    const words = `${plural(requests, "request")}, ${signedIn ? "signed in" : "signed out"}`;
    return { result: signedIn && requests <= 1 ? "met" : "missed", words };
  },
});
