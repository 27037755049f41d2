/**
 * The 12-hour grace window: whether an access token, expired or not, still speaks for a live session.
 * A status and not an authorisation: nothing may be written on the strength of `grace`. Rotates
 * nothing and has no tokens to give.
 *
 * @module
 */

import { type ErrorCode, isSessionEnded, sessionEndedCode } from "../errors.ts";
import type { LiveSession, RequestContext } from "../store/session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { presentedPlace } from "./mismatched_cookies.ts";
import type { PresentedTokens } from "./presented_tokens.ts";

export type GraceResult =
  | {
    readonly kind: "active" | "grace";
    readonly session: LiveSession;
    readonly accessTokenExpiresAt: Date;
    /** Null while active. */
    readonly graceEndsAt: Date | null;
    readonly serverTime: Date;
  }
  | {
    readonly kind: "refused";
    readonly code: ErrorCode;
    /** The refresh token shows that the session lives: the browser has to refresh, not to sign in. */
    readonly isStale: boolean;
  };

export interface GraceRequest extends PresentedTokens {
  readonly graceSeconds: number;
}

/** @throws {ServiceUnavailableError} If the database was not reached; the session is untouched then */
export async function judgeGrace(
  dependencies: Pick<SessionDependencies, "store">,
  request: GraceRequest & { readonly context: RequestContext },
): Promise<GraceResult> {
  const judged = await judgeAccessToken(dependencies, request);
  const { refresh } = request;
  if (judged.kind !== "refused" || isSessionEnded(judged.code) || refresh.kind !== "genuine") {
    return judged;
  }
  // Whether this token may go on only a refresh could tell; whether its session lives is known now.
  const { sessionId, generation, branch } = refresh.token;
  const place = { sessionId, generation, branch, mayConfirm: false };
  const { outcome } = await dependencies.store.validateSession(place, request.context);
  return { ...judged, isStale: outcome === "active" || outcome === "stale" };
}

async function judgeAccessToken(
  { store }: Pick<SessionDependencies, "store">,
  { access, refresh, graceSeconds, context }: GraceRequest & { readonly context: RequestContext },
): Promise<GraceResult> {
  if (access.kind === "missing") return refuse("access_token_missing");
  if (access.kind === "invalid") return refuse("access_token_invalid");

  const { claims } = access;
  const refreshToken = refresh.kind === "genuine" ? refresh.token : null;
  const answer = await store.validateSession(presentedPlace(claims, refreshToken), context);

  const expiresAtMs = claims.expiresAt * 1000;
  const graceEndsAtMs = expiresAtMs + graceSeconds * 1000;
  if (graceEndsAtMs <= answer.serverTime.getTime()) return refuse("grace_window_elapsed");
  if (answer.outcome === "stale") return refuse("access_token_superseded");
  if (answer.outcome !== "active") return refuse(sessionEndedCode(answer.outcome));

  const { session, serverTime } = answer;
  const isActive = serverTime.getTime() < expiresAtMs;
  return {
    kind: isActive ? "active" : "grace",
    session,
    accessTokenExpiresAt: new Date(expiresAtMs),
    graceEndsAt: isActive
      ? null
      : new Date(Math.min(graceEndsAtMs, session.refreshTokenExpiresAt.getTime())),
    serverTime,
  };
}

function refuse(code: ErrorCode): Extract<GraceResult, { kind: "refused" }> {
  return { kind: "refused", code, isStale: false };
}
