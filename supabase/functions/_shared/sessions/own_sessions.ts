/**
 * A user's own devices: listing the live sessions and ending one of them.
 *
 * @module
 */

import type { SessionId } from "../brands.ts";
import { sessionEndedCode } from "../errors.ts";
import type { ListedSession, RequestContext, SessionEnd } from "../store/session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { type AccessTokenPresented, readUnexpiredClaims } from "./presented_tokens.ts";

export type ListResult =
  | {
    readonly kind: "listed";
    readonly sessions: readonly (ListedSession & { readonly current: boolean })[];
    readonly serverTime: Date;
  }
  | Refusal;

export type EndResult =
  | { readonly kind: "ended" }
  | { readonly kind: "not_found" }
  | Refusal;

type Presented = {
  readonly access: AccessTokenPresented;
  readonly context: RequestContext;
};

const DAY_MS = 86_400_000;

/** @throws {ServiceUnavailableError} If the database was not reached */
export async function listOwnSessions(
  { store, nowMs }: Pick<SessionDependencies, "store" | "nowMs">,
  { access, context }: Presented,
): Promise<ListResult> {
  const claims = readUnexpiredClaims(access, nowMs());
  if (claims === null) return refuseAccess(access);
  const answer = await store.listSessions(claims, context);
  if (answer.outcome !== "active") return refuseActing(answer.outcome, claims.sessionId);
  const { serverTime } = answer;
  return {
    kind: "listed",
    sessions: answer.sessions.map((session) =>
      session.sessionId === claims.sessionId
        ? { ...session, ...seenBy(context, serverTime), current: true }
        : { ...session, lastActiveAt: startOfDay(session.lastActiveAt), current: false }
    ),
    serverTime,
  };
}

/**
 * The current session as this request knows it already. The row's own time, address and user agent
 * change when the owner refreshes, and would show the holder of a copied token when that was.
 */
function seenBy({ ip, userAgent }: RequestContext, serverTime: Date) {
  return { lastActiveAt: serverTime, ip, userAgent };
}

/** Of another session no more than the day, for the same reason. */
function startOfDay(time: Date): Date {
  return new Date(Math.floor(time.getTime() / DAY_MS) * DAY_MS);
}

/** @throws {ServiceUnavailableError} If the database was not reached; then nothing was ended */
export async function endOwnSession(
  { store, nowMs }: Pick<SessionDependencies, "store" | "nowMs">,
  { access, context, sessionId }: Presented & { readonly sessionId: SessionId },
): Promise<EndResult> {
  const claims = readUnexpiredClaims(access, nowMs());
  if (claims === null) return refuseAccess(access);
  const answer = await store.endOwnSession({ sessionId, acting: claims }, context);
  if (answer.acting !== "active") return refuseActing(answer.acting, claims.sessionId);
  return { kind: answer.outcome === "ended" ? "ended" : "not_found" };
}

function refuseActing(outcome: "stale" | SessionEnd, sessionId: SessionId): Refusal {
  return refuse(
    outcome === "stale" ? "access_token_superseded" : sessionEndedCode(outcome),
    sessionId,
  );
}

/** Why a request that needs an unexpired access token is refused. */
export function refuseAccess(access: AccessTokenPresented): Refusal {
  const code = ({
    genuine: "access_token_expired",
    invalid: "access_token_invalid",
    missing: "access_token_missing",
  } as const)[access.kind];
  return refuse(code, null);
}
