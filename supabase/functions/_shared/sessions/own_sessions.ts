/**
 * A user's own devices: listing the live sessions and ending one of them.
 *
 * @module
 */

import type { SessionId } from "../brands.ts";
import type { ListedSession, RequestContext } from "../session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { sessionOverCode } from "./session_end.ts";
import { readUnexpiredClaims, type ShownAccessToken } from "./validate.ts";

export type ListResult =
  | {
    readonly kind: "listed";
    readonly sessions: readonly ListedSession[];
    readonly currentSessionId: SessionId;
    readonly serverTime: Date;
  }
  | Refusal;

export type EndResult =
  | { readonly kind: "ended" }
  | { readonly kind: "not_found" }
  | Refusal;

type Asking = {
  readonly access: ShownAccessToken;
  readonly context: RequestContext;
};

/** @throws {ServiceUnavailableError} If the database was not reached */
export async function listOwnSessions(
  { store, nowMs }: Pick<SessionDependencies, "store" | "nowMs">,
  { access, context }: Asking,
): Promise<ListResult> {
  const claims = readUnexpiredClaims(access, nowMs());
  if (claims === null) return refuseAccess(access);
  const answer = await store.listSessions(claims.sessionId, context);
  if (answer.outcome !== "active") {
    return refuse(sessionOverCode(answer.outcome), claims.sessionId);
  }
  const { sessions, serverTime } = answer;
  return { kind: "listed", sessions, currentSessionId: claims.sessionId, serverTime };
}

/** @throws {ServiceUnavailableError} If the database was not reached; then nothing was ended */
export async function endOwnSession(
  { store, nowMs }: Pick<SessionDependencies, "store" | "nowMs">,
  { access, context, sessionId }: Asking & { readonly sessionId: SessionId },
): Promise<EndResult> {
  const claims = readUnexpiredClaims(access, nowMs());
  if (claims === null) return refuseAccess(access);
  const actingSessionId = claims.sessionId;
  const answer = await store.endOwnSession({ sessionId, actingSessionId }, context);
  if (answer.acting !== "active") {
    return refuse(sessionOverCode(answer.acting), actingSessionId);
  }
  return { kind: answer.outcome === "ended" ? "ended" : "not_found" };
}

/** Why a request that needs an unexpired access token is refused. */
export function refuseAccess(access: ShownAccessToken): Refusal {
  const code = ({
    genuine: "access_token_expired",
    invalid: "access_token_invalid",
    missing: "access_token_missing",
  } as const)[access.kind];
  return refuse(code, null);
}
