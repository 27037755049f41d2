/**
 * Whether the app's pages may call the functions: with CORS and credentials from another origin, or
 * from their own.
 *
 * @module
 */

import { failed, notChecked, ok, quote, type Result, warning } from "../finding.ts";
import { originOf, type Subject } from "../subject.ts";
import { relate } from "../site.ts";
import { explainAnonymousCaller, isOurs } from "../anonymous_callers.ts";

/** The client's headers: JSON, and with supabase-js the project's key. */
const ASKED_HEADERS = "apikey,authorization,content-type";

export async function appOrigin(subject: Subject): Promise<Result> {
  const { appOrigin, functionsUrl } = subject.target;
  if (appOrigin === null) {
    return notChecked(
      "No app was named, so nobody knows which page should be let in.",
      "Say --app-origin=https://app.example.com.",
    );
  }
  return relate(appOrigin, originOf(functionsUrl)) === "same_origin"
    ? await checkOwnOrigin(subject, appOrigin)
    : await checkCors(subject, appOrigin);
}

/** A page of the same address. Browsers before Sec-Fetch-Site (Safari 16.3) send Origin alone. */
async function checkOwnOrigin(subject: Subject, origin: string): Promise<Result> {
  const remedy =
    `Put ${origin} into SESSION_ALLOWED_ORIGINS. Behind a rewrite the functions do not ` +
    "see the app's own host.";
  const current = await post(subject, { origin, "sec-fetch-site": "same-origin" });
  if (current.kind === "no_reply" || !isOurs(current)) return explainAnonymousCaller(current);
  if (current.code === "cross_site_request") {
    return failed("The app's own pages are refused as another site's.", remedy);
  }
  const older = await post(subject, { origin });
  if (older.kind === "no_reply" || !isOurs(older)) return explainAnonymousCaller(older);
  if (older.code === "cross_site_request") {
    return warning(
      "The app's pages are let in by current browsers, and refused in those without Sec-Fetch-Site " +
        "(Safari before 16.4).",
      remedy,
    );
  }
  return ok("The app has the functions on its own origin: no CORS, and its pages are let in.");
}

async function checkCors(subject: Subject, origin: string): Promise<Result> {
  const allow = `Put exactly ${origin} into SESSION_ALLOWED_ORIGINS.`;
  const preflight = await subject.askFunction("/unified-auth/validate", {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": ASKED_HEADERS,
      "sec-fetch-mode": "cors",
    },
  });
  if (preflight.kind === "no_reply") return explainAnonymousCaller(preflight);
  const { status, headers } = preflight;
  const allowed = headers.get("access-control-allow-origin");
  if (allowed === "*") {
    return failed(
      "The preflight is answered with * by something in front of the functions; with cookies, " +
        "browsers take only the exact origin.",
      "Let the proxy hand OPTIONS on. (The gateway of `supabase start` cannot: try it deployed.)",
    );
  }
  if (status < 200 || status > 299) {
    return failed(
      `The preflight is answered with status ${status}: browsers then send no request.`,
      "Let the proxy hand OPTIONS on to the functions.",
    );
  }
  if (allowed !== origin) {
    return failed(
      allowed === null
        ? "The preflight does not name the app's origin: browsers refuse its requests."
        : `The preflight names ${quote(allowed)} and not the app's origin.`,
      allow,
    );
  }
  const missing = missingFromPreflight(headers);
  if (missing !== null) {
    return failed(
      `The preflight lacks ${missing}.`,
      "Let the proxy leave CORS headers as they are.",
    );
  }
  return await checkAnswer(subject, origin);
}

function missingFromPreflight(headers: Headers): string | null {
  const listed = (name: string) =>
    (headers.get(name) ?? "").toLowerCase().split(",").map((each) => each.trim());
  if (headers.get("access-control-allow-credentials") !== "true") {
    return "Access-Control-Allow-Credentials: true";
  }
  if (!listed("access-control-allow-methods").includes("post")) return "POST among the methods";
  const names = listed("access-control-allow-headers");
  return ASKED_HEADERS.split(",").find((name) => !names.includes(name)) ?? null;
}

/** A preflight that passes is not enough: the answer itself must let the page read it. */
async function checkAnswer(subject: Subject, origin: string): Promise<Result> {
  const answer = await post(subject, { origin, "sec-fetch-site": "cross-site" });
  if (answer.kind === "no_reply" || !isOurs(answer)) return explainAnonymousCaller(answer);
  if (answer.code === "cross_site_request") {
    return failed(
      "The preflight lets the app in, and the request itself is refused.",
      `Put exactly ${origin} into SESSION_ALLOWED_ORIGINS of both functions.`,
    );
  }
  const { headers } = answer;
  if (
    headers.get("access-control-allow-origin") !== origin ||
    headers.get("access-control-allow-credentials") !== "true"
  ) {
    return failed(
      "The preflight is right, but the answer lacks the CORS headers: the page may not read it.",
      "Let the proxy leave CORS headers as they are, and cache nothing.",
    );
  }
  return ok("The app's origin may call the functions, with cookies.");
}

function post({ askFunction }: Subject, headers: Readonly<Record<string, string>>) {
  const body = { refresh: "never" };
  return askFunction("/unified-auth/validate", { method: "POST", headers, body });
}
