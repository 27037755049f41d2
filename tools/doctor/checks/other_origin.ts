/**
 * Whether another site's page is refused: it must neither be let in by CORS nor make a browser send
 * anything that has an effect.
 *
 * @module
 */

import { failed, ok, type Result } from "../finding.ts";
import type { Subject } from "../subject.ts";
import { explainAnonymousCaller, isOurs } from "../anonymous_callers.ts";

/** A name that can never be registered (RFC 2606). */
const OTHER_SITE = "https://doctor.invalid";

const SOURCES: readonly Readonly<Record<string, string>>[] = [
  { origin: OTHER_SITE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" },
  { origin: OTHER_SITE },
  { origin: "null" },
];

const REMEDY = "Remove CORS headers and wildcards from the proxy, and let it hand Origin and " +
  "Sec-Fetch-Site on as they came. SESSION_ALLOWED_ORIGINS is the only list.";

export async function otherOrigin({ askFunction }: Subject): Promise<Result> {
  const preflight = await askFunction("/unified-auth/refresh", {
    method: "OPTIONS",
    headers: { origin: OTHER_SITE, "access-control-request-method": "POST" },
  });
  if (preflight.kind === "no_reply") return explainAnonymousCaller(preflight);
  if (letsIn(preflight.headers)) {
    return failed("A preflight lets any site call the functions.", REMEDY);
  }
  for (const headers of SOURCES) {
    const answer = await askFunction("/unified-auth/validate", {
      method: "POST",
      headers,
      body: { refresh: "never" },
    });
    if (answer.kind === "no_reply" || !isOurs(answer)) return explainAnonymousCaller(answer);
    if (answer.code !== "cross_site_request") {
      return failed("A request from another site's page is not refused.", REMEDY);
    }
    if (letsIn(answer.headers)) {
      return failed("Another site's page may read the answers.", REMEDY);
    }
  }
  return ok("Another site's page is refused, and may read nothing.");
}

function letsIn(headers: Headers): boolean {
  const allowed = headers.get("access-control-allow-origin");
  return allowed === "*" || allowed === OTHER_SITE || allowed === "null";
}
