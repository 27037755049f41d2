/**
 * Whether browsers treat the cookies as the app's own: by the sites of the app and of the functions and
 * the attributes that arrived. Third-party cookies are where Safari differs.
 *
 * @module
 */

import { failed, notChecked, ok, type Result, warning } from "../finding.ts";
import { originOf, type Subject } from "../subject.ts";
import { readSessionCookies, type SetCookie } from "../set_cookie.ts";
import { isLoopback, relate, siteOf } from "../site.ts";

const FIRST_PARTY =
  "Make the cookies first-party: a rewrite on the app's own origin (docs/deploy), " +
  "or a custom domain of the app's site.";

export async function cookieParty({ askFunction, target }: Subject): Promise<Result> {
  const { appOrigin } = target;
  if (appOrigin === null) {
    return notChecked(
      "No app was named, so it cannot be said whose cookies these are.",
      "Say --app-origin=https://app.example.com.",
    );
  }
  const answer = await askFunction("/unified-auth/logout", { method: "POST" });
  const cookies = readSessionCookies(answer.kind === "reply" ? answer.setCookies : []);
  const cookie = cookies.session_refresh[0] ?? cookies.session_access[0];
  if (cookie === undefined) {
    return notChecked("There is no cookie to look at.", "See cookies_arrive.");
  }
  const app = new URL(appOrigin);
  if (app.protocol === "http:" && !isLoopback(app)) {
    return failed(
      "The app is served over plain HTTP, where Secure cookies are never kept.",
      "Serve the app over HTTPS.",
    );
  }
  return judge({ app, functions: new URL(originOf(target.functionsUrl)), cookie });
}

interface Case {
  readonly app: URL;
  readonly functions: URL;
  readonly cookie: SetCookie;
}

function judge({ app, functions, cookie }: Case): Result {
  switch (relate(app.origin, functions.origin)) {
    case "same_origin":
      return ok("First-party: the app's own origin sets the cookies. Every browser keeps them.");
    case "same_site":
      return ok(
        `First-party: ${app.host} and ${functions.host} are one site. Safari keeps the cookies for ` +
          "7 days at most where the two answer from different networks (each refresh renews them).",
      );
    case "cross_site":
      return judgeThirdParty({ app, functions, cookie });
  }
}

function judgeThirdParty({ app, functions, cookie: { attributes } }: Case): Result {
  const sites = `${siteOf(app)} and ${siteOf(functions)} are two sites, so these are third-party ` +
    "cookies";
  const sameSite = attributes.get("samesite")?.toLowerCase();
  if (sameSite !== "none") {
    return failed(
      `${sites}, and SameSite=${
        sameSite === "strict" ? "Strict" : "Lax"
      } keeps every browser from ` +
        "sending them: nobody can stay signed in.",
      `${FIRST_PARTY} Without either: SESSION_COOKIE_SAMESITE=none.`,
    );
  }
  if (!attributes.has("partitioned")) {
    return failed(
      `${sites} without Partitioned: Safari and Firefox block them, and so do many Chromes.`,
      `Let the proxy keep the Partitioned attribute. ${FIRST_PARTY}`,
    );
  }
  return warning(
    `${sites}, partitioned: current browsers keep them. Safari before 18.4 and older Firefox drop ` +
      "them, and there the user is signed out by a reload.",
    FIRST_PARTY,
  );
}
