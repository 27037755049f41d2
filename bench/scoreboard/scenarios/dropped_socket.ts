/**
 * S11: the connection breaks when the server has rotated and is about to answer.
 *
 * @module
 */

import { startFaultyProxy } from "../../../tests/harness/faulty_proxy.ts";
import { defineScenario, plural } from "../scenario.ts";

export const droppedSocket = defineScenario({
  id: "S11",
  title: "socket dropped while refreshing",
  target: "session survives",
  method:
    "The page is served through a relay that drops the connection when the server answers the " +
    "renewal. Chromium sends such a POST again on its own. Then the client refreshes once more, " +
    "after an hour.",
  accessTtlSeconds: 3600,
  async run({ arena, openSignedIn, outliveAccess }) {
    await using proxy = startFaultyProxy(() => Number(new URL(arena.baseUrl).port));
    const tab = await openSignedIn({ baseUrl: proxy.url });
    await outliveAccess();
    proxy.setFault({ kind: "truncate", bytes: 0, when: /^POST /, times: 1 });
    await tab.evaluate("contestant.refresh().then(() => 0, () => 0)");
    const posts = proxy.seen;
    await outliveAccess();
    const survives = await tab.evaluate<boolean>("contestant.refresh().catch(() => false)");
    return { posts, survives };
  },
  judge({ posts, survives }) {
    const words = `${plural(posts, "POST")}, session ${survives ? "survives" : "lost"}`;
    return { result: survives ? "met" : "missed", words };
  },
});
