/**
 * Reads the session of a request on a server, by one call of `validate-session` with the visitor's
 * cookies. It rotates nothing and sets no cookie, so any number of renders at once are safe, and the
 * server needs neither the visitor's key nor its user agent.
 *
 * @module
 */

import { isNetworkError } from "../transport/network_error.ts";
import { isObject, readJson, type UnifiedAuthUser } from "../transport/views.ts";
import type { InitialSession } from "./initial_session.ts";
import { sessionCookiesIn } from "./session_cookies.ts";

/**
 * How a visitor's session stands, as far as this request can prove it.
 *
 * @example
 * ```ts
 * import { readSession } from "@unified-auth/client/server";
 *
 * const request = new Request("https://app.example.com/");
 * const { status } = await readSession(request, { baseUrl: "https://app.example.com/functions/v1" });
 * if (status === "grace") console.log("render read-only");
 * ```
 */
export type VisitStatus = InitialSession["status"];

/**
 * A Fetch API request, or anything with its headers.
 *
 * @example
 * ```ts
 * import type { RequestLike } from "@unified-auth/client/server";
 *
 * // Next.js: { headers: await headers() }
 * const visitor: RequestLike = { headers: new Headers({ cookie: "…" }) };
 * ```
 */
export interface RequestLike {
  /** Of them the cookies and `Authorization` are read. */
  readonly headers: Pick<Headers, "get">;
}

/**
 * Options of {@linkcode readSession}.
 *
 * @example
 * ```ts
 * import type { ReadSessionOptions } from "@unified-auth/client/server";
 *
 * const options: ReadSessionOptions = {
 *   baseUrl: "https://project.supabase.co/functions/v1",
 *   timeoutMs: 1_000,
 * };
 * ```
 */
export interface ReadSessionOptions {
  /** Where the functions answer, such as `https://<project>.supabase.co/functions/v1`. */
  readonly baseUrl: string | URL;
  /** How long the call may take before the visit is `unavailable`. @default {3000} */
  readonly timeoutMs?: number | undefined;
  /** Sends the request. @default {globalThis.fetch} */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/**
 * A visitor's session, as one request shows it.
 *
 * @example
 * ```ts
 * import { readSession } from "@unified-auth/client/server";
 *
 * const request = new Request("https://app.example.com/");
 * const visit = await readSession(request, { baseUrl: "https://app.example.com/functions/v1" });
 * console.log(visit.user?.email, visit.canMutate);
 * ```
 */
export interface Visit {
  /**
   * - `active`: the access token is valid and the session lives. The visitor may read and write.
   * - `grace`: the access token expired less than 12 hours ago and the session lives. Render the page for
   *   its person, read-only; the browser refreshes a moment later.
   * - `stale`: the session lives, but this request cannot prove whose it is. Render a shell.
   * - `signed-out`: there is no session.
   * - `unavailable`: the function gave no answer. Nobody is signed out by it: render a shell.
   */
  readonly status: VisitStatus;
  /** Set while `status` is `active` or `grace`. */
  readonly user: UnifiedAuthUser | null;
  /** Whether a write on the visitor's behalf may go ahead: `active`, and nothing else. */
  readonly canMutate: boolean;
  /**
   * The visitor's access token, for calls to Supabase as the visitor. Null unless the session is `active`
   * and the functions run with `SESSION_EXPOSE_ACCESS_TOKEN=true`. Never hand it to the page.
   */
  readonly accessToken: string | null;
  /** For the page: plain data without a token. */
  readonly initial: InitialSession;
  /** For the response: a page that shows a person must not be stored by any cache. */
  readonly headers: Readonly<Record<"cache-control" | "vary", string>>;
}

const HEADERS: Visit["headers"] = { "cache-control": "private, no-store", vary: "Cookie" };

const visits = new WeakMap<RequestLike, Map<string, Promise<Visit>>>();

/**
 * Reads the session of a request. Calls `validate-session` at most once for each request object, and not
 * at all where the request carries no token. Never rejects because of an outage.
 *
 * @throws {TypeError} If `baseUrl` is missing or no HTTP URL
 *
 * @example
 * ```ts
 * import { readSession } from "@unified-auth/client/server";
 *
 * export async function loader({ request }: { request: Request }) {
 *   const visit = await readSession(request, { baseUrl: "https://app.example.com/functions/v1" });
 *   return Response.json({ initial: visit.initial }, { headers: visit.headers });
 * }
 * ```
 */
export async function readSession(
  request: RequestLike,
  options: ReadSessionOptions,
): Promise<Visit> {
  const url = validateSessionUrl(options.baseUrl);
  const ofRequest = visits.get(request) ?? new Map<string, Promise<Visit>>();
  visits.set(request, ofRequest);
  const known = ofRequest.get(url);
  if (known !== undefined) return await known;
  const visit = visitOf(request, url, options);
  ofRequest.set(url, visit);
  return await visit;
}

async function visitOf(
  { headers }: RequestLike,
  url: string,
  { timeoutMs = 3000, fetch = (url, init) => globalThis.fetch(url, init) }: ReadSessionOptions,
): Promise<Visit> {
  const cookie = sessionCookiesIn(headers.get("cookie"));
  const authorization = bearerIn(headers.get("authorization"));
  if (cookie === null && authorization === null) return without("signed-out");
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      // The default of some frameworks is to keep what a GET answers, and to give it to the next visitor.
      // Workers of before November 2024 have no cache, and throw at `cache: "no-store"`.
      ...("cache" in Request.prototype && { cache: "no-store" }),
      redirect: "manual",
      signal,
      headers: {
        ...(cookie === null ? {} : { cookie }),
        ...(authorization === null ? {} : { authorization }),
      },
    });
    return interpret(response.status, await readJson(response));
  } catch (error) {
    // The page is rendered all the same, and the developer hears of it.
    if (!signal.aborted && !isNetworkError(error)) console.error(error);
    return without("unavailable");
  }
}

/** Another scheme's credentials, as of a preview that asks for a password, are not the functions' to see. */
function bearerIn(header: string | null): string | null {
  return header !== null && /^bearer /i.test(header) ? header : null;
}

function interpret(status: number, body: Readonly<Record<string, unknown>> | null): Visit {
  if (body === null) return without("unavailable");
  const { valid, user, access_token, session_id, server_time } = body;
  const serverTime = typeof server_time === "string" ? server_time : null;
  const sessionId = typeof session_id === "string" ? session_id : null;
  if (status === 200 && valid === true && isUser(user)) {
    const isActive = body["status"] === "active";
    return {
      status: isActive ? "active" : "grace",
      user,
      canMutate: isActive,
      accessToken: isActive && typeof access_token === "string" ? access_token : null,
      initial: { status: isActive ? "active" : "grace", user, sessionId, serverTime },
      headers: HEADERS,
    };
  }
  // A proxy's 401 is no answer of the function: it has no `valid`.
  if (status !== 401 || valid !== false) return without("unavailable");
  return without(body["status"] === "stale" ? "stale" : "signed-out", { sessionId, serverTime });
}

function without(
  status: Exclude<VisitStatus, "active" | "grace">,
  { sessionId, serverTime }: Pick<InitialSession, "sessionId" | "serverTime"> = {
    sessionId: null,
    serverTime: null,
  },
): Visit {
  const initial: InitialSession = { status, user: null, sessionId, serverTime };
  return { status, user: null, canMutate: false, accessToken: null, initial, headers: HEADERS };
}

function isUser(value: unknown): value is UnifiedAuthUser {
  return isObject(value) && typeof value["id"] === "string";
}

function validateSessionUrl(baseUrl: string | URL): string {
  if (!baseUrl) throw new TypeError("Cannot read a session as 'baseUrl' is missing");
  const url = new URL(baseUrl);
  if (!url.protocol.startsWith("http")) {
    throw new TypeError(`Cannot read a session as 'baseUrl' is no HTTP URL: ${url.href}`);
  }
  // The client's `baseUrl` names the other function: taken for the folder that both stand in.
  return `${url.href.replace(/\/+$/, "").replace(/\/unified-auth$/, "")}/validate-session`;
}
