/**
 * Reads `Set-Cookie` headers as a browser does (RFC 6265bis section 5.6), far enough to judge them.
 * Values stay inside: what is printed is made from names and attributes.
 *
 * @module
 */

export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** By name in lower case; an attribute without a value is the empty text. */
  readonly attributes: ReadonlyMap<string, string>;
}

export const COOKIE_KINDS = ["session_access", "session_refresh", "session_present"] as const;

export type CookieKind = typeof COOKIE_KINDS[number];

export const COOKIE_PREFIXES = ["__Host-", "__Secure-", ""];

export const COOKIE_PREFIX = /^(?:__Host-|__Secure-)?/;

/** A name of ours: a prefix, its kind, and the suffix of `SESSION_COOKIE_SUFFIX`. */
const SESSION_COOKIE =
  /^(?:__Host-|__Secure-)?(session_(?:access|refresh|present))(?:_[\w-]{1,32})?$/;

/** Where a header that a proxy made of two begins anew. No value or date of ours looks like it. */
const FOLDED =
  /,\s*(?=(?:__(?:Host|Secure)-)?session_(?:access|refresh|present)(?:_[\w-]{1,32})?=)/;

export function parseSetCookie(header: string): SetCookie {
  const [pair = "", ...rest] = header.split(";").map((part) => part.trim());
  const attributes = rest.map((attribute): [string, string] => {
    const [name = "", ...value] = attribute.split("=");
    return [name.toLowerCase(), value.join("=")];
  });
  const [name = "", ...value] = pair.split("=");
  return { name, value: value.join("="), attributes: new Map(attributes) };
}

/** Which of ours a name is, under any prefix and suffix. */
export function cookieKindOf(name: string): CookieKind | undefined {
  return COOKIE_KINDS.find((kind) => SESSION_COOKIE.exec(name)?.[1] === kind);
}

/** The session cookies of an answer by kind, each as often as it came. */
export function readSessionCookies(
  headers: readonly string[],
): Readonly<Record<CookieKind, readonly SetCookie[]>> {
  const cookies = headers.map(parseSetCookie);
  const ofKind = (kind: CookieKind) => cookies.filter(({ name }) => cookieKindOf(name) === kind);
  return {
    session_access: ofKind("session_access"),
    session_refresh: ofKind("session_refresh"),
    session_present: ofKind("session_present"),
  };
}

/** Takes apart what a proxy folded. Only for signing out: a browser does not do this. */
export function unfold(headers: readonly string[]): readonly string[] {
  return headers.flatMap((header) => header.split(FOLDED));
}

export function isFolded(header: string): boolean {
  return FOLDED.test(header);
}
