/**
 * Which answers set or clear the session cookies. A cookie is cleared only where the session that it
 * belongs to is certainly over, or its user signs out.
 *
 * @module
 */

import type { SessionId } from "../brands.ts";
import type { SessionCookies } from "../cookies.ts";
import { type ErrorCode, isSessionOver } from "../errors.ts";
import type { SessionGrant } from "../sessions/grant.ts";
import { secondsBetween } from "./views.ts";

/** The two `Set-Cookie` values of a grant. The access cookie outlives its token by the grace window. */
export function grantCookies(
  cookies: SessionCookies,
  { session, serverTime, accessToken, refreshToken }: SessionGrant,
  { graceSeconds }: { readonly graceSeconds: number },
): readonly string[] {
  return [
    cookies.setAccess(accessToken, {
      maxAgeSeconds: secondsBetween(serverTime, session.accessTokenExpiresAt) + graceSeconds,
    }),
    cookies.setRefresh(refreshToken, {
      maxAgeSeconds: secondsBetween(serverTime, session.refreshTokenExpiresAt),
    }),
  ];
}

/**
 * Whether a refusal may clear the browser's cookies. A Bearer token of a dead session says nothing of
 * the live one that the same browser's cookies may belong to.
 */
export function mayClearCookies(
  refusal: { readonly code: ErrorCode; readonly sessionId: SessionId | null },
  cookieSessionId: SessionId | null,
): boolean {
  return isSessionOver(refusal.code) && refusal.sessionId !== null &&
    refusal.sessionId === cookieSessionId;
}
