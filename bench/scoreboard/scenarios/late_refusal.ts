/**
 * S9: four calls are refused, the last refusal comes when all is well again.
 *
 * @module
 */

import { defineScenario, plural } from "../scenario.ts";
import { atMost } from "../stage.ts";

const CALLS = 4;

export const lateRefusal = defineScenario({
  id: "S9",
  title: "three 401 at once and a late one",
  target: `${CALLS} of ${CALLS} calls answered, 1 refresh`,
  method: `The access token has expired on the server. ${CALLS} calls go out at once and are ` +
    "refused; one of the refusals is held until the refresh has been answered.",
  accessTtlSeconds: 3600,
  async run({ arena: { wire }, openSignedIn, outliveAccess }) {
    const tab = await openSignedIn();
    await outliveAccess();
    const refreshed = Promise.withResolvers<void>();
    wire.setFate("renewal", (reply) => {
      setTimeout(() => refreshed.resolve(), 300);
      return reply;
    });
    let refusals = 0;
    wire.setFate("call", async (reply) => {
      if (reply.status === 401 && ++refusals === CALLS) {
        await atMost(5_000, refreshed.promise);
      }
      return reply;
    });
    const statuses = await tab.evaluate<readonly number[]>(`Promise.all(
      Array.from({ length: ${CALLS} }, (_, number) => contestant.call(number)))`);
    const answered = statuses.filter((status) => status === 200).length;
    return { answered, refreshes: wire.count("renewal"), refusals };
  },
  judge({ answered, refreshes }) {
    const words = `${answered} of ${CALLS} answered, ${
      plural(refreshes, "refresh").replace(/hs$/, "hes")
    }`;
    if (answered < CALLS) return { result: "missed", words };
    return { result: refreshes === 1 ? "met" : "partly", words };
  },
});
