/**
 * Finds the tokens of a request: a Bearer header, and cookies of which there may be two of one name. Of
 * one session the highest genuine generation wins; generations of two sessions say nothing of each
 * other, so of several sessions all are kept, the likelier ones first.
 * Judges no session.
 *
 * @module
 */

import type { AccessTokens } from "../tokens/access_token.ts";
import type { SessionId } from "../brands.ts";
import type { RawAccessToken } from "../brands.ts";
import type { SessionCookies } from "./cookies.ts";
import { type GenuineRefreshToken, ignoreKey, readRefreshToken } from "../tokens/refresh_token.ts";
import type { SessionKeys } from "../tokens/session_keys.ts";
import {
  type Candidates,
  type GenuineAccessToken,
  verifyAccessTokens,
} from "./signature_checks.ts";
import type {
  AccessTokenPresented,
  PresentedTokens,
  RefreshTokenPresented,
} from "../sessions/presented_tokens.ts";

export interface RequestTokens extends PresentedTokens {
  /** The access token itself, where it is genuine: for the one answer that may repeat it. */
  readonly accessToken: RawAccessToken | null;
  /** Whether the cookie that a page can read came with them. */
  readonly hasPresent: boolean;
}

export interface TokenReader {
  readonly accessTokens: Pick<AccessTokens, "verify" | "recall">;
  readonly keys: SessionKeys;
  readonly cookies: SessionCookies;
  readonly bindsSessions: boolean;
}

/**
 * Of how many sessions the refresh tokens are kept: each may cost a question to the database. A browser
 * has one, and one more for each change of the cookies' domain or partition within 30 days.
 */
const MAX_SESSIONS = 4;

const BEARER = /^Bearer +([^ ]+) *$/i;

export async function readPresentedTokens(
  reader: TokenReader,
  headers: Headers,
): Promise<RequestTokens> {
  const { access: accessCookies, refresh: refreshCookies, hasPresent } = reader.cookies.read(
    headers.get("cookie"),
  );
  const bearer = BEARER.exec(headers.get("authorization") ?? "")?.[1];
  const refreshTokens = readEach(refreshCookies, reader);
  const sessions = refreshTokens.map(({ sessionId }) => sessionId);
  const verify = (values: readonly string[]) => verifyEach(reader, headers, { values, sessions });
  const fromBearer = bearer === undefined ? null : findNewest(await verify([bearer]));
  const found = fromBearer ?? findNewest(await verify(accessCookies));

  return {
    access: presentedAccess(found, bearer !== undefined || accessCookies.length > 0),
    refresh: presentedRefresh(
      putFirst(refreshTokens, found?.claims.sessionId ?? null),
      refreshCookies.length > 0,
    ),
    accessToken: found?.raw ?? null,
    hasPresent,
  };
}

/**
 * The refresh tokens alone, for routes that need no other: to check an access token's signature costs
 * as much as a whole refresh without it. So that is done only where it decides which session is meant.
 */
export async function readPresentedRefreshToken(
  reader: TokenReader,
  headers: Headers,
): Promise<RefreshTokenPresented> {
  const cookies = reader.cookies.read(headers.get("cookie")).refresh;
  const refreshTokens = readEach(cookies, reader);
  return refreshTokens.length > 1
    ? (await readPresentedTokens(reader, headers)).refresh
    : presentedRefresh(refreshTokens, cookies.length > 0);
}

/** Every session of which a request presents a genuine cookie, of either kind. */
export async function readCookieSessions(
  reader: TokenReader,
  headers: Headers,
): Promise<ReadonlySet<SessionId>> {
  const { access: values, refresh } = reader.cookies.read(headers.get("cookie"));
  const sessions = readEach(refresh, reader).map(({ sessionId }) => sessionId);
  const genuine = await verifyEach(reader, headers, { values, sessions });
  return new Set([...sessions, ...genuine.map(({ claims }) => claims.sessionId)]);
}

/** The genuine ones, of each session the newest. */
async function verifyEach(
  reader: Pick<TokenReader, "accessTokens">,
  headers: Headers,
  candidates: Candidates,
): Promise<readonly GenuineAccessToken[]> {
  return pickOfEachSession(await verifyAccessTokens(reader, headers, candidates), {
    sessionOf: ({ claims }) => claims.sessionId,
    isNewer: ({ claims: left }, { claims: right }) =>
      left.generation > right.generation ||
      (left.generation === right.generation && left.expiresAt > right.expiresAt),
  });
}

/** Across sessions only the time of issue compares, which is the database's. */
function findNewest(tokens: readonly GenuineAccessToken[]): GenuineAccessToken | null {
  return tokens.reduce<GenuineAccessToken | null>(
    (newest, token) =>
      newest === null || token.claims.issuedAt > newest.claims.issuedAt ? token : newest,
    null,
  );
}

function presentedAccess(found: GenuineAccessToken | null, anySent: boolean): AccessTokenPresented {
  if (found !== null) return { kind: "genuine", claims: found.claims };
  return { kind: anySent ? "invalid" : "missing" };
}

/**
 * The genuine ones, of each session the latest. The last one sent comes first: of cookies with one path
 * a browser sends the older ones before (RFC 6265bis section 5.8.3), and an earlier setting's are older.
 */
function readEach(
  values: readonly string[],
  { keys, bindsSessions }: Pick<TokenReader, "keys" | "bindsSessions">,
): readonly GenuineRefreshToken[] {
  const genuine = values.toReversed()
    .map((value) => readRefreshToken(value, keys))
    .filter((token) => token !== null)
    .map((token) => bindsSessions ? token : ignoreKey(token));
  return pickOfEachSession(genuine, {
    sessionOf: ({ sessionId }) => sessionId,
    isNewer: (left, right) =>
      left.generation > right.generation ||
      (left.generation === right.generation && left.branch > right.branch),
  });
}

/** The newest token of each session, in the order in which the sessions first appear. */
function pickOfEachSession<Token>(
  tokens: readonly Token[],
  { sessionOf, isNewer }: {
    readonly sessionOf: (token: Token) => SessionId;
    readonly isNewer: (left: Token, right: Token) => boolean;
  },
): readonly Token[] {
  if (tokens.length < 2) return tokens; // nearly always
  const picked = new Map<SessionId, Token>();
  for (const token of tokens) {
    const known = picked.get(sessionOf(token));
    if (known === undefined || isNewer(token, known)) picked.set(sessionOf(token), token);
  }
  return [...picked.values()];
}

function putFirst(
  tokens: readonly GenuineRefreshToken[],
  sessionId: SessionId | null,
): readonly GenuineRefreshToken[] {
  const isMeant = (token: GenuineRefreshToken) => token.sessionId === sessionId;
  return [...tokens.filter(isMeant), ...tokens.filter((token) => !isMeant(token))];
}

function presentedRefresh(
  tokens: readonly GenuineRefreshToken[],
  anySent: boolean,
): RefreshTokenPresented {
  const [token, ...others] = tokens.slice(0, MAX_SESSIONS);
  if (token !== undefined) return { kind: "genuine", token, others };
  return { kind: anySent ? "invalid" : "missing" };
}
