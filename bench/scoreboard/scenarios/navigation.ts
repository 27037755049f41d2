/**
 * S5: the person clicks a link while a refresh is under way.
 *
 * @module
 */

import { defineScenario } from "../scenario.ts";
import { becomesTrue } from "../stage.ts";

/** For what happens at once, on a machine that is busy with other things. */
const PATIENCE_MS = 5_000;

export const navigation = defineScenario({
  id: "S5",
  title: "navigation while refreshing",
  target: "rotation kept, signed in",
  method:
    "A renewal's answer is held until the tab shows another page of the same origin. Then the " +
    "refresh token in the browser is compared with the server's newest, and two hours later the app " +
    "is opened again.",
  accessTtlSeconds: 3600,
  async run({ arena, open, openSignedIn, sleep, heldCredential }) {
    const tab = await openSignedIn();
    await sleep([tab]);
    const issuedBefore = arena.issuedCredentials();
    const held = arena.wire.hold("renewal");
    await tab.evaluate("void contestant.refresh().catch(() => false)");
    await held.arrived;
    await tab.navigate(`${arena.baseUrl}/other`);
    await tab.waitFor("location.pathname === '/other'");
    held.release();
    const isKept = async () => await heldCredential(tab) === arena.newestCredential();
    const kept = await becomesTrue(isKept, PATIENCE_MS);
    const rotated = arena.issuedCredentials() > issuedBefore;
    await sleep([]);
    await sleep([]);
    const back = await open();
    const signedIn = await becomesTrue(
      () => back.evaluate<boolean>("contestant.isSignedIn()"),
      PATIENCE_MS,
    ) && await back.evaluate<boolean>("contestant.refresh().catch(() => false)");
    return { rotated, kept, signedIn };
  },
  judge({ rotated, kept, signedIn }) {
    if (!rotated) return { result: "missed", words: "the server did not rotate" };
    const words = `rotation ${kept ? "kept" : "lost"}, ${
      signedIn
        ? kept ? "signed in" : "signed in as the server accepts the old token"
        : "signed out two hours later"
    }`;
    return { result: !signedIn ? "missed" : kept ? "met" : "partly", words };
  },
});
