/**
 * Whether an expired access token reaches the functions. The platform's own JWT check (`verify_jwt`)
 * would refuse it first, and auto-refresh and the grace window would silently be dead.
 *
 * No key is needed: a token that nobody signed is refused by both, but each has words of its own.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { ok, type Verdict } from "../finding.ts";
import type { Patient } from "../patient.ts";
import { explainStranger } from "../strangers.ts";

const HOUR_SECONDS = 3600;

export async function expiredBearer({ askFunction, target }: Patient): Promise<Verdict> {
  const headers = { authorization: `Bearer ${unsignedToken(target.functionsUrl)}` };
  for (const path of ["/unified-auth/validate", "/validate-session"]) {
    const body = path === "/validate-session" ? {} : { refresh: "never" };
    const answer = await askFunction(path, { method: "POST", headers, body });
    if (answer.kind === "no_reply" || answer.code !== "access_token_invalid") {
      return explainStranger(answer);
    }
  }
  return ok("An expired access token reaches both functions, so that auto-refresh can work.");
}

/** In the form of ours, an hour too old, with 64 zero bytes for a signature. */
function unsignedToken(issuer: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: `${issuer}/unified-auth`,
    aud: "authenticated",
    role: "authenticated",
    sub: crypto.randomUUID(),
    iat: now - 2 * HOUR_SECONDS,
    exp: now - HOUR_SECONDS,
  };
  return [
    Buffer.from(JSON.stringify({ alg: "ES256", kid: "doctor", typ: "at+jwt" })),
    Buffer.from(JSON.stringify(claims)),
    Buffer.alloc(64),
  ].map((part) => part.toString("base64url")).join(".");
}
