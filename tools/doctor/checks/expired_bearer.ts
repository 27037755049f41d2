/**
 * Whether an expired access token reaches the functions. The platform's own JWT check (`verify_jwt`)
 * would refuse it first, and auto-refresh and the grace window would silently be dead.
 *
 * No key is needed: a token that nobody signed is refused by both, but in different words.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { ok, type Result } from "../finding.ts";
import type { Subject } from "../subject.ts";
import { explainAnonymousCaller } from "../anonymous_callers.ts";

/** In September 2020, in seconds. */
const LONG_AGO = 1_600_000_000;
const AN_HOUR = 3600;

export async function expiredBearer({ askFunction, target }: Subject): Promise<Result> {
  const headers = { authorization: `Bearer ${unsignedToken(target.functionsUrl)}` };
  for (const path of ["/unified-auth/validate", "/validate-session"]) {
    const body = path === "/validate-session" ? {} : { refresh: "never" };
    const answer = await askFunction(path, { method: "POST", headers, body });
    if (answer.kind === "no_reply" || answer.code !== "access_token_invalid") {
      return explainAnonymousCaller(answer);
    }
  }
  return ok("An expired access token reaches both functions, so that auto-refresh can work.");
}

/** In the form of ours, long expired, with 64 zero bytes for a signature. */
function unsignedToken(issuer: string): string {
  const claims = {
    iss: `${issuer}/unified-auth`,
    aud: "authenticated",
    role: "authenticated",
    sub: "00000000-0000-4000-8000-000000000000",
    iat: LONG_AGO - AN_HOUR,
    exp: LONG_AGO,
  };
  return [
    Buffer.from(JSON.stringify({ alg: "ES256", kid: "doctor", typ: "at+jwt" })),
    Buffer.from(JSON.stringify(claims)),
    Buffer.alloc(64),
  ].map((part) => part.toString("base64url")).join(".");
}
