/**
 * Tokens that come from different answers: a proxy that drops one of two `Set-Cookie` headers, or a
 * crash, leaves a new access token beside an old refresh token or the other way round. Neither is a
 * fork, and neither may be taken for one.
 *
 * @module
 */

import type { AccessClaims } from "../tokens/access_token.ts";
import type { GenuineRefreshToken } from "../tokens/refresh_token.ts";
import type { ValidateSessionRequest } from "../store/session_store.ts";

/**
 * Whether the refresh token that came with this access token never arrived. To count that access token
 * as a sign of its arrival would turn the next refresh into theft.
 */
export function isMismatched(claims: AccessClaims, refreshToken: GenuineRefreshToken): boolean {
  return claims.sessionId !== refreshToken.sessionId || isAhead(claims, refreshToken);
}

/**
 * A request's place in its session. A browser that holds a newer refresh token than its access token
 * is where the refresh token is: its access token is stale, and no sign of a second holder.
 */
export function presentedPlace(
  claims: AccessClaims,
  refreshToken: GenuineRefreshToken | null,
): ValidateSessionRequest {
  const { sessionId } = claims;
  if (refreshToken?.sessionId === sessionId && isAhead(refreshToken, claims)) {
    const { generation, branch } = refreshToken;
    return { sessionId, generation, branch, mayConfirm: false };
  }
  const { generation, branch } = claims;
  const mayConfirm = refreshToken === null || !isMismatched(claims, refreshToken);
  return { sessionId, generation, branch, mayConfirm };
}

interface Place {
  readonly generation: number;
  readonly branch: number;
}

function isAhead(left: Place, right: Place): boolean {
  return left.generation > right.generation ||
    (left.generation === right.generation && left.branch > right.branch);
}
