/**
 * The tokens that login, refresh and auto-refresh hand to the browser.
 *
 * @module
 */

import type { RawAccessToken, RawRefreshToken } from "../brands.ts";
import type { Logger } from "../log.ts";
import type { HookRefused, RequestContext, SessionAt } from "../store/session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";

export interface SessionGrant extends SessionAt {
  readonly accessToken: RawAccessToken;
  readonly refreshToken: RawRefreshToken;
}

/** Signs an access token for the session as the database just described it. */
export async function grantTokens(
  { accessTokens, log }: Pick<SessionDependencies, "accessTokens" | "log">,
  { session, serverTime, refreshToken }: SessionAt & { readonly refreshToken: RawRefreshToken },
): Promise<SessionGrant> {
  const { token, droppedAppMetadata } = await accessTokens.sign({
    userId: session.userId,
    sessionId: session.sessionId,
    generation: session.generation,
    branch: session.branch,
    aal: session.aal,
    amr: session.amr,
    role: session.role ?? "",
    email: session.email,
    phone: session.phone,
    isAnonymous: session.isAnonymous,
    appMetadata: session.appMetadata,
    issuedAt: Math.floor(serverTime.getTime() / 1000),
    expiresAt: Math.floor(session.accessTokenExpiresAt.getTime() / 1000),
  }, session.addedClaims ?? {});
  if (droppedAppMetadata) {
    log.warn("access token has no room for app_metadata", { session_id: session.sessionId });
  }
  return { session, serverTime, accessToken: token, refreshToken };
}

/** The hook's message is for the operator, and never for the person. */
export function logHookRefusal(
  log: Logger,
  { hookError }: HookRefused,
  { requestId }: RequestContext,
): void {
  log.warn("the access token hook refused", { request_id: requestId, hook_error: hookError });
}
