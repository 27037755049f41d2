/**
 * Whether the cookies' attributes arrive as they must be: a proxy that "hardens" or rewrites cookies
 * makes browsers refuse them, or keep them for too short a time.
 *
 * @module
 */

import { failed, notChecked, ok, quote, type Result } from "../finding.ts";
import type { Subject } from "../subject.ts";
import { cookieKindOf, readSessionCookies, type SetCookie } from "../set_cookie.ts";
import { isLoopback } from "../site.ts";

export async function cookieAttributes(
  { askFunction, testSession, target }: Subject,
): Promise<Result> {
  const made = await testSession.signIn();
  const signedIn = made.kind === "signed_in" ? made : null;
  const answer = signedIn?.reply ??
    await askFunction("/unified-auth/logout", { method: "POST" });
  const cookies = readSessionCookies(answer.kind === "reply" ? answer.setCookies : []);
  const [access] = cookies.session_access;
  const [refresh] = cookies.session_refresh;
  const [present] = cookies.session_present;
  if (access === undefined || refresh === undefined || present === undefined) {
    return notChecked("There are not three cookies to look at.", "See cookies_arrive.");
  }
  const url = new URL(target.functionsUrl);
  const problems = [access, refresh, present].flatMap((cookie) => judgeCookie(cookie, url));
  const view = signedIn?.view ?? null;
  if (view !== null) {
    problems.push(
      ...judgeLifetime(access, view.session.access_token_expires_in),
      ...judgeLifetime(refresh, view.session.refresh_token_expires_in),
      ...judgeLifetime(present, view.session.refresh_token_expires_in),
    );
  }
  return problems.length === 0
    ? ok(
      `The cookies arrive as ${describe(access)}${
        view === null ? "" : ", and live as long as their tokens"
      }.`,
    )
    : refuse(problems);
}

function refuse(problems: readonly string[]): Result {
  return failed(
    `${problems.join("; ")}.`,
    "Let the proxy leave Set-Cookie as it is: no proxy_cookie_flags, proxy_cookie_path, " +
      "proxy_cookie_domain, header rewriting or cookie hardening for /functions/v1/*.",
  );
}

/** RFC 6265bis: the attributes that the prefixes require, and those that we always send. */
export function judgeCookie({ name, attributes }: SetCookie, url: URL): readonly string[] {
  const problems: string[] = [];
  const lacks = (attribute: string) => problems.push(`${name} lacks ${attribute}`);
  const isPlain = !name.startsWith("__") && !attributes.has("secure");
  const isPlainHttp = url.protocol === "http:";
  if (isPlain && !(isPlainHttp && isLoopback(url))) {
    lacks(
      "Secure and a prefix, so that the network can read and replace it: " +
        "SESSION_COOKIE_PREFIX must not be set here",
    );
  } else if (!isPlain && !attributes.has("secure")) {
    lacks("Secure, so that browsers refuse it");
  }
  const isReadable = cookieKindOf(name) === "session_present";
  if (isReadable && attributes.has("httponly")) {
    problems.push(`${name} is HttpOnly, so that the page takes its person for signed out`);
  } else if (!isReadable && !attributes.has("httponly")) {
    lacks("HttpOnly, so that scripts can read it");
  }
  if (attributes.get("path") !== "/") lacks("Path=/, so that browsers refuse it");
  if (name.startsWith("__Host-") && attributes.has("domain")) {
    problems.push(`${name} has a Domain, so that browsers refuse it`);
  }
  if (name.startsWith("__Secure-")) problems.push(...judgeDomain(name, attributes, url));
  if (!/^(?:lax|strict|none)$/i.test(attributes.get("samesite") ?? "")) lacks("SameSite");
  if (!attributes.has("max-age")) lacks("Max-Age, so that it ends with the browser");
  if (!isPlain && isPlainHttp && !isLoopback(url)) {
    problems.push(`${name} is Secure and is sent over plain HTTP, so that browsers refuse it`);
  }
  return problems;
}

function judgeDomain(
  name: string,
  attributes: SetCookie["attributes"],
  { hostname }: URL,
): readonly string[] {
  const domain = (attributes.get("domain") ?? "").replace(/^\./, "").toLowerCase();
  if (domain === "") return [`${name} lacks its Domain`];
  const covers = hostname === domain || hostname.endsWith(`.${domain}`);
  return covers ? [] : [`${name} is for ${quote(domain)}, which is not the domain of ${hostname}`];
}

/** The access cookie outlives its token by the grace window; both may have lost a second on the way. */
function judgeLifetime({ name, attributes }: SetCookie, seconds: number): readonly string[] {
  const maxAge = Number(attributes.get("max-age"));
  return maxAge >= seconds - 5 ? [] : [`${name} ends before its token`];
}

function describe({ name, attributes }: SetCookie): string {
  const prefix = /^__\w+-/.exec(name)?.[0] ?? "no prefix";
  const secure = attributes.has("secure") ? "Secure" : "not Secure";
  const parts = [prefix, secure, "HttpOnly", `SameSite=${attributes.get("samesite")}`];
  return (attributes.has("partitioned") ? [...parts, "Partitioned"] : parts).join(", ");
}
