/**
 * The session cookies: their names, their attributes, and how they are read back. Two hold the tokens;
 * the third can be read by the page and says only that there is a session. Knows nothing of what the
 * values mean.
 *
 * @module
 */

import { serialize } from "hono/utils/cookie";
import type { RawAccessToken, RawRefreshToken } from "../brands.ts";

/**
 * Each candidate costs a check. A browser sends one, or two after a change of domain; the rest of a
 * header full of forged ones is not worth the work.
 */
const MAX_CANDIDATES = 16;

const ACCESS = "session_access";
const REFRESH = "session_refresh";
const PRESENT = "session_present";

/** Browsers take a cookie with such a prefix from a secure origin only, which keeps others from it. */
export type CookiePrefix = "__Host-" | "__Secure-" | "";

export type CookieSameSite = "lax" | "strict" | "none";

export interface SessionCookieOptions {
  /** Shares the cookies with the subdomains of this host; null keeps them to the host that sets them. */
  readonly domain: string | null;
  /** `none` also partitions the cookies by the embedding site (CHIPS). */
  readonly sameSite: CookieSameSite;
  /**
   * False leaves `Secure` and the prefix out, for plain HTTP on the loopback: Safari keeps no `Secure`
   * cookie of `http://localhost`.
   *
   * @default {true}
   */
  readonly secure?: boolean;
  /** Ends the names, for two projects on one host, whose cookies no port keeps apart. @default {""} */
  readonly nameSuffix?: string;
}

/** The last 16 distinct values that a request holds under each name, in the order sent. */
export interface SessionCookieValues {
  readonly access: readonly string[];
  readonly refresh: readonly string[];
  /** Whether the cookie that a page can read is there too. */
  readonly hasPresent: boolean;
}

/** Reads and writes the session cookies. Each string that it gives is one `Set-Cookie` header. */
export interface SessionCookies {
  readonly accessName: string;
  readonly refreshName: string;
  readonly presentName: string;
  /** Reads a `Cookie` header. Never throws, and takes linear time. */
  read(cookieHeader: string | null): SessionCookieValues;
  /** @throws {RangeError} If the lifetime is no whole number of seconds from 0 */
  setAccess(token: RawAccessToken, lifetime: { readonly maxAgeSeconds: number }): string;
  /** @throws {RangeError} If the lifetime is no whole number of seconds from 0 */
  setRefresh(token: RawRefreshToken, lifetime: { readonly maxAgeSeconds: number }): string;
  /**
   * The cookie that a page can read, so that it asks nothing for a visitor without a session. Holds no
   * token; the server believes nothing of it. Of the refresh cookie's lifetime.
   *
   * @throws {RangeError} If the lifetime is no whole number of seconds from 0
   */
  setPresent(lifetime: { readonly maxAgeSeconds: number }): string;
  /** Ends all three: the access cookie, the refresh cookie, and the one that a page can read. */
  clear(): readonly [string, string, string];
}

/** A cookie that other sites may embed is kept apart for each of them (CHIPS). */
export function isPartitioned(sameSite: CookieSameSite): boolean {
  return sameSite === "none";
}

/** Makes the cookies of one deployment. */
export function createSessionCookies(options: SessionCookieOptions): SessionCookies {
  const prefix = prefixOf(options);
  const accessName = `${prefix}${ACCESS}${options.nameSuffix ?? ""}`;
  const refreshName = `${prefix}${REFRESH}${options.nameSuffix ?? ""}`;
  const presentName = `${prefix}${PRESENT}${options.nameSuffix ?? ""}`;
  const write = createCookieWriter(options, { httpOnly: true });
  const writeReadable = createCookieWriter(options, { httpOnly: false });
  return {
    accessName,
    refreshName,
    presentName,
    read(cookieHeader) {
      const names = [accessName, refreshName, presentName] as const;
      const [access, refresh, present] = readCookieValues(cookieHeader ?? "", names);
      return { access, refresh, hasPresent: present.length > 0 };
    },
    // `Max-Age` alone: `Expires` is compared with the browser's clock, which may be wrong.
    setAccess: (token, { maxAgeSeconds }) =>
      write(accessName, { value: token, maxAge: maxAgeSeconds }),
    setRefresh: (token, { maxAgeSeconds }) =>
      write(refreshName, { value: token, maxAge: maxAgeSeconds }),
    setPresent: ({ maxAgeSeconds }) =>
      writeReadable(presentName, { value: "1", maxAge: maxAgeSeconds }),
    clear: () => [
      write(accessName, CLEARED),
      write(refreshName, CLEARED),
      writeReadable(presentName, CLEARED),
    ],
  };
}

interface CookieContent {
  readonly value: string;
  readonly maxAge: number;
  readonly expires?: Date;
}

const CLEARED: CookieContent = { value: "", maxAge: 0, expires: new Date(0) };

/** `__Host-` wants `Secure`, `Path=/` and no `Domain` beside it (RFC 6265bis section 4.1.3). */
function prefixOf({ domain, secure = true }: SessionCookieOptions): CookiePrefix {
  if (!secure) return "";
  return domain === null ? "__Host-" : "__Secure-";
}

function createCookieWriter(
  { domain, sameSite, secure = true }: SessionCookieOptions,
  { httpOnly }: { readonly httpOnly: boolean },
) {
  const attributes = {
    path: "/",
    ...(secure ? { secure } : {}),
    ...(domain === null ? {} : { domain }),
    httpOnly,
    sameSite,
    partitioned: isPartitioned(sameSite),
  } as const;
  return (name: string, { value, ...lifetime }: CookieContent): string => {
    if (!Number.isInteger(lifetime.maxAge) || lifetime.maxAge < 0) {
      // Hono would leave the attribute out, and the cookie would end with the browser's session.
      throw new RangeError(`Cannot set a cookie for this many seconds: ${lifetime.maxAge}`);
    }
    return serialize(name, value, { ...attributes, ...lifetime });
  };
}

/**
 * The last values of each name. Hono's own parser keeps one of them, but two cookies of one name happen
 * (by domain or path), and the stale one may come first. With `SESSION_COOKIE_DOMAIN` a sibling
 * subdomain may set any number with a longer path, which a browser sends before ours.
 *
 * Only `;` separates and only space and tab are trimmed, as in a browser. A more generous reader would
 * take `\u00a0__Host-…`, or a name inside another cookie's quoted or comma-separated value, for ours, and
 * those a sibling subdomain may set.
 */
function readCookieValues<const Names extends readonly string[]>(
  cookieHeader: string,
  names: Names,
): { readonly [Index in keyof Names]: readonly string[] } {
  const found = names.map((): string[] => []);
  for (const pair of cookieHeader.split(";").reverse()) {
    const equals = pair.indexOf("=");
    if (equals === -1) continue;
    const values = found[names.indexOf(trimBlanks(pair.slice(0, equals)))];
    if (values === undefined || values.length === MAX_CANDIDATES) continue;
    const value = unquote(trimBlanks(pair.slice(equals + 1)));
    if (value !== "" && !values.includes(value)) values.push(value);
  }
  return found.map((values) => values.reverse()) as {
    readonly [Index in keyof Names]: readonly string[];
  };
}

/** Without a pattern: one for blanks at an end takes a time that grows with the square of their number. */
export function trimBlanks(text: string): string {
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
