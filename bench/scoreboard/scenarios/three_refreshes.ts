/**
 * S7: three parts of one page want a fresh token at the same time.
 *
 * @module
 */

import { defineScenario, plural } from "../scenario.ts";
import { RENEW } from "../stage.ts";

export const threeRefreshes = defineScenario({
  id: "S7",
  title: "three refreshes at once in one tab",
  target: "1 request, all served",
  method:
    "After an hour's sleep, three parts of the page read the token, or ask for a renewal, in one turn " +
    "of the event loop. Renewals are counted at the server.",
  accessTtlSeconds: 3600,
  async run({ arena: { wire }, openSignedIn, sleep }) {
    const tab = await openSignedIn();
    await sleep([tab]);
    const served = await tab.evaluate<number>(`Promise.all([1, 2, 3].map(() => ${RENEW}))
      .then((all) => all.filter(Boolean).length)`);
    return { requests: wire.count("renewal"), served };
  },
  judge({ requests, served }) {
    const words = `${plural(requests, "request")}, ${
      served === 3 ? "all" : `${served} of 3`
    } served`;
    if (served < 3) return { result: "missed", words };
    return { result: requests === 1 ? "met" : "partly", words };
  },
});
