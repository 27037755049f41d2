/**
 * The two session cookies: their names, their attributes, and how they are read back. Knows nothing of
 * what their values mean.
 *
 * @module
 */

import { serialize } from "hono/utils/cookie";
import type { RawAccessToken, RawRefreshToken } from "./brands.ts";

/**
 * Each candidate costs a signature check. A browser sends one, or two after a change of domain; the rest
 * of a header full of forged ones is not worth the work.
 */
const MAX_CANDIDATES = 16;

const ACCESS = "session_access";
const REFRESH = "session_refresh";

export type CookieSameSite = "lax" | "strict" | "none";

export interface SessionCookieOptions {
  /** Shares the cookies with the subdomains of this host; null keeps them to the host that sets them. */
  readonly domain: string | null;
  /** `none` also partitions the cookies by the embedding site (CHIPS). */
  readonly sameSite: CookieSameSite;
}

/** The distinct values that a request holds under each name, in the order sent: no more than 16. */
export interface SessionCookieValues {
  readonly access: readonly string[];
  readonly refresh: readonly string[];
}

/** Reads and writes the session cookies. Each string that it gives is one `Set-Cookie` header. */
export interface SessionCookies {
  readonly accessName: string;
  readonly refreshName: string;
  /** Reads a `Cookie` header. Never throws, and takes linear time. */
  read(cookieHeader: string | null): SessionCookieValues;
  /** @throws {RangeError} If the lifetime is no whole number of seconds from 0 */
  setAccess(token: RawAccessToken, lifetime: { readonly maxAgeSeconds: number }): string;
  /** @throws {RangeError} If the lifetime is no whole number of seconds from 0 */
  setRefresh(token: RawRefreshToken, lifetime: { readonly maxAgeSeconds: number }): string;
  /** Ends both cookies, the access cookie first. */
  clear(): readonly [string, string];
}

/** Makes the cookies of one deployment. */
export function createSessionCookies(options: SessionCookieOptions): SessionCookies {
  const prefix = options.domain === null ? "__Host-" : "__Secure-";
  const accessName = `${prefix}${ACCESS}`;
  const refreshName = `${prefix}${REFRESH}`;
  const write = createCookieWriter(options);
  return {
    accessName,
    refreshName,
    read: (cookieHeader) => ({
      access: readCookieValues(cookieHeader ?? "", accessName),
      refresh: readCookieValues(cookieHeader ?? "", refreshName),
    }),
    // `Max-Age` alone: `Expires` is compared with the browser's clock, which may be wrong.
    setAccess: (token, { maxAgeSeconds }) => write(ACCESS, { value: token, maxAge: maxAgeSeconds }),
    setRefresh: (token, { maxAgeSeconds }) =>
      write(REFRESH, { value: token, maxAge: maxAgeSeconds }),
    clear: () => [
      write(ACCESS, CLEARED),
      write(REFRESH, CLEARED),
    ],
  };
}

interface CookieContent {
  readonly value: string;
  readonly maxAge: number;
  readonly expires?: Date;
}

const CLEARED: CookieContent = { value: "", maxAge: 0, expires: new Date(0) };

/**
 * The prefix and the attributes are chosen together and nowhere else: `__Host-` always comes with
 * `Secure` and `Path=/` and without `Domain`, or the browser would refuse it (RFC 6265bis section 4.1.3).
 */
function createCookieWriter({ domain, sameSite }: SessionCookieOptions) {
  const attributes = {
    path: "/",
    secure: true,
    httpOnly: true,
    sameSite,
    partitioned: sameSite === "none",
  } as const;
  return (name: string, { value, ...lifetime }: CookieContent): string => {
    if (!Number.isInteger(lifetime.maxAge) || lifetime.maxAge < 0) {
      // Hono would leave the attribute out, and the cookie would end with the browser's session.
      throw new RangeError(`Cannot set a cookie for this many seconds: ${lifetime.maxAge}`);
    }
    return domain === null
      ? serialize(`__Host-${name}`, value, { ...attributes, ...lifetime })
      : serialize(`__Secure-${name}`, value, { ...attributes, ...lifetime, domain });
  };
}

/**
 * All values of one name. Hono's own parser keeps one of them, but two cookies of one name happen (by
 * domain or path), and the stale one may come first.
 *
 * Only `;` separates and only space and tab are trimmed, as in a browser. A more generous reader would
 * take `\u00a0__Host-…`, or a name inside another cookie's quoted or comma-separated value, for ours, and
 * those a sibling subdomain may set.
 */
function readCookieValues(cookieHeader: string, name: string): readonly string[] {
  const values = new Set<string>();
  for (const pair of cookieHeader.split(";")) {
    const equals = pair.indexOf("=");
    if (equals === -1 || trimBlanks(pair.slice(0, equals)) !== name) continue;
    const value = unquote(trimBlanks(pair.slice(equals + 1)));
    if (value !== "") values.add(value);
    if (values.size === MAX_CANDIDATES) break;
  }
  return [...values];
}

function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t";
}

function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1)
    : value;
}
