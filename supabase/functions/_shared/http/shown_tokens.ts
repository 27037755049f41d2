/**
 * Finds the tokens of a request: a Bearer header, and cookies of which there may be two of one name.
 * Each is tried; the highest genuine generation wins. Judges no session.
 *
 * @module
 */

import type { AccessClaims, AccessTokens } from "../access_token.ts";
import type { SessionId } from "../brands.ts";
import type { RawAccessToken } from "../brands.ts";
import type { SessionCookies } from "../cookies.ts";
import { type GenuineRefreshToken, readRefreshToken } from "../refresh_token.ts";
import type { SessionKeys } from "../session_keys.ts";
import type { ShownAccessToken, ShownRefreshToken, ShownTokens } from "../sessions/validate.ts";

export interface RequestTokens extends ShownTokens {
  /** The access token itself, where it is genuine: for the one answer that may repeat it. */
  readonly accessToken: RawAccessToken | null;
  /** The session of the cookies that an answer would clear, as far as the cookies tell. */
  readonly cookieSessionId: SessionId | null;
}

export interface TokenReader {
  readonly accessTokens: Pick<AccessTokens, "verify">;
  readonly keys: SessionKeys;
  readonly cookies: SessionCookies;
}

const BEARER = /^Bearer +([^ ]+) *$/i;

export async function readShownTokens(
  reader: TokenReader,
  headers: Headers,
): Promise<RequestTokens> {
  const { access: accessCookies, refresh: refreshCookies } = reader.cookies.read(
    headers.get("cookie"),
  );
  const bearer = BEARER.exec(headers.get("authorization") ?? "")?.[1];
  const refresh = readRefresh(refreshCookies, reader.keys);

  const fromBearer = await verifyEach(reader, bearer === undefined ? [] : [bearer]);
  const fromCookies = fromBearer === null ? await verifyEach(reader, accessCookies) : null;
  const found = fromBearer ?? fromCookies;

  return {
    access: shownAccess(found, bearer !== undefined || accessCookies.length > 0),
    refresh,
    accessToken: found?.raw ?? null,
    cookieSessionId: refresh.kind === "genuine"
      ? refresh.token.sessionId
      : fromCookies?.claims.sessionId ?? null,
  };
}

/**
 * The refresh token alone, for routes that need no other: to check an access token's signature costs
 * as much as a whole refresh without it.
 */
export function readShownRefreshToken(
  { keys, cookies }: Pick<TokenReader, "keys" | "cookies">,
  headers: Headers,
): ShownRefreshToken {
  return readRefresh(cookies.read(headers.get("cookie")).refresh, keys);
}

interface GenuineAccessToken {
  readonly raw: RawAccessToken;
  readonly claims: AccessClaims;
}

async function verifyEach(
  { accessTokens }: Pick<TokenReader, "accessTokens">,
  values: readonly string[],
): Promise<GenuineAccessToken | null> {
  let newest: GenuineAccessToken | null = null;
  for (const value of values) {
    const verdict = await accessTokens.verify(value);
    if (verdict.kind === "invalid") continue;
    if (newest === null || isNewer(verdict.claims, newest.claims)) {
      newest = { raw: value as RawAccessToken, claims: verdict.claims };
    }
  }
  return newest;
}

function isNewer(left: AccessClaims, right: AccessClaims): boolean {
  return left.generation > right.generation ||
    (left.generation === right.generation && left.expiresAt > right.expiresAt);
}

function shownAccess(found: GenuineAccessToken | null, anySent: boolean): ShownAccessToken {
  if (found !== null) return { kind: "genuine", claims: found.claims };
  return { kind: anySent ? "invalid" : "missing" };
}

function readRefresh(values: readonly string[], keys: SessionKeys): ShownRefreshToken {
  const genuine = values
    .map((value) => readRefreshToken(value, keys))
    .filter((token) => token !== null)
    .reduce<GenuineRefreshToken | null>(
      (newest, token) => newest === null || isLater(token, newest) ? token : newest,
      null,
    );
  if (genuine !== null) return { kind: "genuine", token: genuine };
  return { kind: values.length > 0 ? "invalid" : "missing" };
}

function isLater(left: GenuineRefreshToken, right: GenuineRefreshToken): boolean {
  return left.generation > right.generation ||
    (left.generation === right.generation && left.branch > right.branch);
}
