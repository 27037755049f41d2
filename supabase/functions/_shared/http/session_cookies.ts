/**
 * Which answers set or clear the session cookies. They are cleared only where the sessions that they
 * belong to have certainly ended, or their user signs out.
 *
 * @module
 */

import type { SessionId } from "../brands.ts";
import type { SessionCookies } from "./cookies.ts";
import type { SessionGrant } from "../sessions/grant.ts";
import type { RequestTokens } from "./presented_tokens.ts";
import type { SessionAt } from "../store/session_store.ts";
import { secondsBetween } from "./views.ts";

/** The three `Set-Cookie` values of a grant. The access cookie outlives its token by the grace window. */
export function grantCookies(
  cookies: SessionCookies,
  { session, serverTime, accessToken, refreshToken }: SessionGrant,
  { graceSeconds }: { readonly graceSeconds: number },
): readonly string[] {
  const refreshLifetime = {
    maxAgeSeconds: secondsBetween(serverTime, session.refreshTokenExpiresAt),
  };
  return [
    cookies.setAccess(accessToken, {
      maxAgeSeconds: secondsBetween(serverTime, session.accessTokenExpiresAt) + graceSeconds,
    }),
    cookies.setRefresh(refreshToken, refreshLifetime),
    cookies.setPresent(refreshLifetime),
  ];
}

/**
 * The readable cookie alone, for a browser that holds the session's refresh cookie and lacks this one: it
 * signed in before there was one, or lost it.
 */
export function missingPresentCookie(
  cookies: SessionCookies,
  { session, serverTime }: SessionAt,
  { refresh, hasPresent }: Pick<RequestTokens, "refresh" | "hasPresent">,
): readonly string[] {
  const isHeld = refresh.kind === "genuine" && refresh.token.sessionId === session.sessionId;
  if (!isHeld || hasPresent) return [];
  return [
    cookies.setPresent({
      maxAgeSeconds: secondsBetween(serverTime, session.refreshTokenExpiresAt),
    }),
  ];
}

/**
 * Whether an answer may clear the browser's cookies: every session that they name has ended. A Bearer
 * token of a dead session says nothing of the live one that the same browser's cookies may belong to,
 * nor does one of two cookies say anything of the other.
 */
export function mayClearCookies(
  endedSessions: readonly SessionId[],
  cookieSessions: ReadonlySet<SessionId>,
): boolean {
  return cookieSessions.size > 0 && [...cookieSessions].every((id) => endedSessions.includes(id));
}
