/**
 * S2: the server takes the request and never answers.
 *
 * @module
 */

import { defineScenario } from "../scenario.ts";

const LIMIT_SECONDS = 15;
/** For a machine that is busy with other things. */
const SLACK_SECONDS = 4;
const PATIENCE_SECONDS = 20;

export const hungRefresh = defineScenario({
  id: "S2",
  title: "refresh that is never answered",
  target: `settles within ${LIMIT_SECONDS} s, signed in`,
  method:
    `A renewal is asked for and its answer held back. Measured for ${PATIENCE_SECONDS} s, with the ` +
    "client's own time limits.",
  accessTtlSeconds: 3600,
  async run({ arena: { wire }, openSignedIn, outliveAccess }) {
    const tab = await openSignedIn();
    await outliveAccess();
    const held = wire.hold("renewal");
    const settledAfterMs = await tab.evaluate<number | null>(`(() => {
      const startedMs = performance.now();
      const settled = contestant.refresh().then(() => 0, () => 0)
        .then(() => performance.now() - startedMs);
      const impatient = new Promise((resolve) =>
        setTimeout(resolve, ${PATIENCE_SECONDS * 1000}, null));
      return Promise.race([settled, impatient]);
    })()`);
    const signedIn = await tab.evaluate<boolean>("contestant.isSignedIn()");
    held.release();
    return {
      seconds: settledAfterMs === null ? null : Math.floor(settledAfterMs / 1000),
      signedIn,
    };
  },
  judge({ seconds, signedIn }) {
    const settles = seconds === null
      ? `not settled after ${PATIENCE_SECONDS} s`
      : `settles after ${seconds} s`;
    const words = `${settles}, ${signedIn ? "signed in" : "signed out"}`;
    if (!signedIn || seconds === null) return { result: "missed", words };
    return { result: seconds <= LIMIT_SECONDS + SLACK_SECONDS ? "met" : "partly", words };
  },
});
