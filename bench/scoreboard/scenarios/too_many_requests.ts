/**
 * S1: the server is overloaded while the access token runs out.
 *
 * @module
 */

import { defineScenario } from "../scenario.ts";
import { becomesTrue, pause } from "../stage.ts";

const ACCESS_TTL_SECONDS = 4;
const RETRY_AFTER_SECONDS = 4;

export const tooManyRequests = defineScenario({
  id: "S1",
  title: "429 on refresh, access token expired",
  target: "session kept, Retry-After honoured, refreshed automatically",
  method: `The access token lives ${ACCESS_TTL_SECONDS} s. From the sign-in on, every renewal is ` +
    `answered with 429 and Retry-After: ${RETRY_AFTER_SECONDS}. When the token has expired, the app reads it, and ` +
    "asks for a renewal if none was seen so far. Requests before Retry-After has passed are noted. " +
    "Then renewals are answered again, and for 10 s nothing is done but to look whether one comes.",
  accessTtlSeconds: ACCESS_TTL_SECONDS,
  async run({ arena: { wire }, openSignedIn }) {
    const tab = await openSignedIn();
    const refusedAtMs: number[] = [];
    wire.setFate("renewal", () => {
      refusedAtMs.push(performance.now());
      return Response.json({ code: "over_request_rate_limit", message: "Too many requests" }, {
        status: 429,
        headers: { "retry-after": String(RETRY_AFTER_SECONDS) },
      });
    });
    await pause(ACCESS_TTL_SECONDS * 1000 + 300);
    await tab.evaluate("void contestant.read().catch(() => false)");
    if (!await becomesTrue(() => refusedAtMs.length > 0, 500)) {
      await tab.evaluate("void contestant.refresh().catch(() => false)");
      await becomesTrue(() => refusedAtMs.length > 0, 2_000);
    }
    const [firstMs = performance.now()] = refusedAtMs;
    const honouredFromMs = firstMs + RETRY_AFTER_SECONDS * 1000 - 250;
    await pause(Math.max(0, honouredFromMs - performance.now()));
    // By when they came: this may wake up later than a retry that was in time.
    const early = refusedAtMs.slice(1).some((refusedMs) => refusedMs < honouredFromMs);
    const kept = await tab.evaluate<boolean>("contestant.isSignedIn()");
    let renewed = false;
    wire.setFate("renewal", (reply) => {
      renewed ||= reply.ok;
      return reply;
    });
    const automatically = kept && await becomesTrue(() => renewed, 10_000);
    const onUse = kept && !automatically &&
      await tab.evaluate<boolean>("contestant.refresh().catch(() => false)");
    return { kept, early, recovery: automatically ? "itself" : onUse ? "use" : "none" };
  },
  judge({ kept, early, recovery }) {
    if (!kept) return { result: "missed", words: "signed out" };
    const retries = early
      ? "asks again before Retry-After"
      : recovery === "itself"
      ? "waits for Retry-After"
      : "does not retry automatically";
    const end = recovery === "itself"
      ? "refreshed automatically"
      : recovery === "use"
      ? "refreshed when asked again"
      : "not refreshed when asked again";
    const words = `kept, ${retries}, ${end}`;
    const met = !early && recovery === "itself";
    return { result: met ? "met" : recovery === "none" ? "missed" : "partly", words };
  },
});
