/**
 * Whether sessions are bound to the keys of their browsers, and if not, why: the settings decide it,
 * and a proxy that drops the header with the proof undoes it.
 *
 * @module
 */

import { ECDSA, signProof } from "../../../client/src/key/proof.ts";
import { healthView } from "../../../supabase/functions/_shared/http/schemas.ts";
import { failed, notChecked, ok, type Result, warning } from "../finding.ts";
import type { Subject } from "../subject.ts";

type UnboundBecause = NonNullable<ReturnType<typeof healthView.parse>["unbound_because"]>;

/** Why sessions are not bound, and what would change it. */
const REASONS: Readonly<Record<UnboundBecause, readonly [reason: string, remedy: string]>> = {
  setting: ["SESSION_BINDING is off", "Take SESSION_BINDING away."],
  cookie_domain: [
    "SESSION_COOKIE_DOMAIN shares the cookies between subdomains, each of which has another key",
    "Serve the functions on the app's own origin, and take SESSION_COOKIE_DOMAIN away.",
  ],
  several_origins: [
    "SESSION_ALLOWED_ORIGINS names several origins, which share the cookies and have a key each",
    "Name the one origin of the app. Those of this machine do not count.",
  ],
  unpartitioned_cookie: [
    "the cookies are SameSite=None and not partitioned, so that every embedding site shares them",
    "Partition them, or make them first-party: see cookie_party.",
  ],
};

export async function sessionBinding(subject: Subject): Promise<Result> {
  const { askFunction, target, openTestSession } = subject;
  const answer = await askFunction("/unified-auth/health");
  const health = healthView.safeParse(answer.kind === "reply" ? answer.json : null).data;
  if (health === undefined) {
    return notChecked("The health answer is not ours.", "See functions_answer.");
  }
  if (health.unbound_because !== undefined) {
    const [reason, remedy] = REASONS[health.unbound_because];
    return warning(
      `Sessions are not bound to the keys of their browsers: ${reason}. A copied cookie is found ` +
        "once its owner refreshes, and good until then.",
      remedy,
    );
  }

  const dpop = await proveForLogin(`${target.functionsUrl}/unified-auth/login`);
  const made = await openTestSession(target.functionsUrl).signInAgain({ dpop });
  if (made.kind === "no_account") {
    return ok(
      "Sessions are bound to the keys of their browsers. That a proof arrives, a test account tells.",
    );
  }
  if (made.kind === "refused" || made.view === null) {
    return notChecked("The sign-in that was to prove a key did not work.", "See sign_in.");
  }
  return made.view.session.bound
    ? ok("Sessions are bound to the keys of their browsers: a copied cookie is worthless without.")
    : failed(
      "Sessions would be bound to the keys of their browsers, and the proof does not arrive.",
      "Let the proxy pass the request header DPoP on to /functions/v1/*.",
    );
}

/** By a key that is forgotten at once: the session is ended by its access token. */
async function proveForLogin(url: string): Promise<string> {
  const pair = await crypto.subtle.generateKey(ECDSA, false, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("Cannot make a key: it is no pair");
  return await signProof(crypto, pair, { method: "POST", url, issuedAt: Date.now() });
}
