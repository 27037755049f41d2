/**
 * How many signatures of access tokens one request may have checked. A check costs more than all the rest
 * of a validate, and sixteen forged cookies cost nothing to send: so there are two checks for a request,
 * one of them for its proof where it brings one. Tokens that this process knows cost none, nor do those
 * that cannot be ours, such as the project's own key as a Bearer.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type {
  AccessClaims,
  AccessTokenFault,
  AccessTokenResult,
  AccessTokens,
} from "../tokens/access_token.ts";
import type { RawAccessToken, SessionId } from "../brands.ts";

const MAX_CHECKS = 2;

interface SpentChecks {
  left: number;
  readonly results: Map<string, AccessClaims | null>;
}

const spentBy = new WeakMap<Headers, SpentChecks>();

export interface Candidates {
  /** In the order sent. */
  readonly values: readonly string[];
  /** Those of the request's refresh tokens: an access token of theirs is checked first. */
  readonly sessions: readonly SessionId[];
}

export interface GenuineAccessToken {
  readonly raw: RawAccessToken;
  readonly claims: AccessClaims;
}

/** The genuine ones among as many as the request may have checked, in the order sent. */
export async function verifyAccessTokens(
  { accessTokens }: { readonly accessTokens: Pick<AccessTokens, "verify" | "recall"> },
  headers: Headers,
  { values, sessions }: Candidates,
): Promise<readonly GenuineAccessToken[]> {
  const claims = values.map((value) => accessTokens.recall(value));
  const unknown = values.filter((_, index) => claims[index] === null);
  if (unknown.length > 0) {
    const results = await checkEach(accessTokens, headers, { values: unknown, sessions });
    for (const [index, value] of values.entries()) claims[index] ??= results.get(value) ?? null;
  }
  return values.flatMap((value, index) => {
    const found = claims[index];
    return found ? [{ raw: value as RawAccessToken, claims: found }] : [];
  });
}

async function checkEach(
  accessTokens: Pick<AccessTokens, "verify">,
  headers: Headers,
  { values, sessions }: Candidates,
): Promise<ReadonlyMap<string, AccessClaims | null>> {
  const spent = checksOf(headers);
  const unchecked = values.filter((value) => !spent.results.has(value));
  for (const value of putLikelyFirst(unchecked, sessions)) {
    if (spent.left === 0) break;
    const result = await accessTokens.verify(value);
    if (wasChecked(result)) spent.left -= 1;
    spent.results.set(value, result.kind === "genuine" ? result.claims : null);
  }
  return spent.results;
}

/** Found before the signature is checked. */
const PLAIN_FAULTS: ReadonlySet<AccessTokenFault> = new Set([
  "too_long",
  "malformed",
  "unknown_key",
  "algorithm",
]);

function wasChecked(result: AccessTokenResult): boolean {
  return result.kind === "genuine" || !PLAIN_FAULTS.has(result.reason);
}

function checksOf(headers: Headers): SpentChecks {
  const known = spentBy.get(headers);
  if (known !== undefined) return known;
  const spent = { left: MAX_CHECKS - (headers.has("dpop") ? 1 : 0), results: new Map() };
  spentBy.set(headers, spent);
  return spent;
}

/** Then the last one sent: of cookies with one path a browser sends the older ones before. */
function putLikelyFirst(
  values: readonly string[],
  sessions: readonly SessionId[],
): readonly string[] {
  const isLikely = (value: string) => {
    const payload = Buffer.from(value.split(".")[1] ?? "", "base64url").toString();
    return sessions.some((sessionId) => payload.includes(sessionId));
  };
  const latestFirst = values.toReversed();
  const likely = new Set(latestFirst.filter(isLikely));
  return [...likely, ...latestFirst.filter((value) => !likely.has(value))];
}
