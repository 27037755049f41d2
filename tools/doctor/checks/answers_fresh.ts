/**
 * Whether each answer is made for its request: a cache in front would hand one person's session, or
 * one person's "signed out", to the next.
 *
 * @module
 */

import { failed, notChecked, ok, type Result } from "../finding.ts";
import type { Subject } from "../subject.ts";

const TURN_OFF = "Turn caching off for /functions/v1/* in the proxy or CDN, and let it keep our " +
  "Cache-Control and X-Request-Id headers.";

export async function answersFresh({ askFunction }: Subject): Promise<Result> {
  const [one, two] = [
    await askFunction("/validate-session"),
    await askFunction("/validate-session"),
  ];
  if (one.kind === "no_reply" || two.kind === "no_reply") {
    return notChecked("validate-session did not answer twice.", "Run the doctor again.");
  }
  const [id, otherId] = [one, two].map(({ headers }) => headers.get("x-request-id"));
  if (id && id === otherId) {
    return failed("Two requests got one and the same answer: something caches it.", TURN_OFF);
  }
  // Some edges say 0 on every answer.
  if (Number(two.headers.get("age") ?? 0) > 0) {
    return failed("The answer carries an Age: it came from a cache.", TURN_OFF);
  }
  if (!id || !otherId) {
    return failed("The X-Request-Id of the answers is lost on the way.", TURN_OFF);
  }
  if (!/\bno-store\b/i.test(two.headers.get("cache-control") ?? "")) {
    return failed("Cache-Control: no-store is lost on the way, so browsers may cache.", TURN_OFF);
  }
  return ok("Nothing on the way caches: every request gets its own answer, marked no-store.");
}
