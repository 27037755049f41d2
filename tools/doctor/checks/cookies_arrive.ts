/**
 * Whether all cookies of an answer arrive, each in a separate header, and unharmed. A proxy that
 * folds them into one, or drops one, leaves the browser with half a session.
 *
 * @module
 */

import { failed, ok, quote, type Result } from "../finding.ts";
import type { Reply } from "../ask.ts";
import type { Subject } from "../subject.ts";
import { COOKIE_KINDS, isFolded, readSessionCookies } from "../set_cookie.ts";
import { explainAnonymousCaller, isOurs } from "../anonymous_callers.ts";
import type { SignedIn } from "../test_session.ts";

/** 94 bytes in base64url. */
const REFRESH_TOKEN = /^[A-Za-z0-9_-]{126}$/;
const ACCESS_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const REMEDY =
  "Let the proxy hand every Set-Cookie header on separately and unchanged. Code that " +
  "copies headers into a plain object keeps only the last one.";

export async function cookiesArrive(subject: Subject): Promise<Result> {
  // Signing out nobody clears all cookies: no account is needed to see them arrive.
  const cleared = await subject.askFunction("/unified-auth/logout", { method: "POST" });
  if (cleared.kind === "no_reply" || !isOurs(cleared)) return explainAnonymousCaller(cleared);
  const mismatched = findMismatched(cleared);
  if (mismatched !== null) return mismatched;
  const made = await subject.testSession.signIn();
  return made.kind === "signed_in" ? await checkSignIn(subject, made) : ok(
    "All cookies arrive, each on its own: the empty ones of a sign-out. Full ones need a test " +
      "account.",
  );
}

function findMismatched({ setCookies }: Reply): Result | null {
  if (setCookies.some(isFolded)) {
    return failed("The Set-Cookie headers arrive as one: browsers keep one cookie.", REMEDY);
  }
  const cookies = readSessionCookies(setCookies);
  for (const kind of COOKIE_KINDS) {
    const { length } = cookies[kind];
    if (length === 0) return failed(`The cookie ${kind} does not arrive.`, REMEDY);
    if (length > 1) return failed(`The cookie ${kind} arrives ${length} times.`, REMEDY);
  }
  return null;
}

async function checkSignIn({ askFunction }: Subject, made: SignedIn): Promise<Result> {
  const mismatched = findMismatched(made.reply);
  if (mismatched !== null) return mismatched;
  const cookies = readSessionCookies(made.reply.setCookies);
  if (!ACCESS_TOKEN.test(cookies.session_access[0]?.value ?? "")) {
    return failed("The access cookie's value is changed on its way.", REMEDY);
  }
  if (!REFRESH_TOKEN.test(cookies.session_refresh[0]?.value ?? "")) {
    return failed("The refresh cookie's value is changed on its way.", REMEDY);
  }
  const headers = { cookie: made.cookieHeader };
  for (const path of ["/unified-auth/validate", "/unified-auth/refresh", "/validate-session"]) {
    const body = path.endsWith("validate") ? { refresh: "never" } : {};
    const answer = await askFunction(path, { method: "POST", headers, body });
    if (answer.kind === "no_reply") return explainAnonymousCaller(answer);
    if (answer.json?.["valid"] !== true) {
      return failed(
        `The cookies arrive, but ${path} does not accept them back: ` +
          `${quote(answer.code ?? String(answer.status))}.`,
        "Let the proxy hand the Cookie header on unchanged; the cookies take up to 4 KiB.",
      );
    }
  }
  return ok("All cookies arrive, each on its own and whole, and both functions accept them back.");
}
