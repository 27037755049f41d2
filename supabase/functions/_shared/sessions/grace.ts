/**
 * The 12-hour grace window: whether an access token, expired or not, still speaks for a live session.
 * A status and not an authorisation: nothing may be written on the strength of `grace`. Rotates
 * nothing and has no tokens to give.
 *
 * @module
 */

import type { SessionId, UserId } from "../brands.ts";
import type { ErrorCode } from "../errors.ts";
import type { RequestContext } from "../session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { sessionOverCode } from "./session_end.ts";
import { shownPlace } from "./torn_cookies.ts";
import type { ShownTokens } from "./validate.ts";

export type GraceResult =
  | {
    readonly kind: "active" | "grace";
    readonly userId: UserId;
    readonly sessionId: SessionId;
    readonly accessTokenExpiresAt: Date;
    /** Null while active. */
    readonly graceEndsAt: Date | null;
    readonly serverTime: Date;
  }
  | { readonly kind: "refused"; readonly code: ErrorCode };

export interface GraceRequest extends ShownTokens {
  readonly graceSeconds: number;
}

/** @throws {ServiceUnavailableError} If the session could not be asked about; it is untouched then */
export async function judgeGrace(
  { store }: Pick<SessionDependencies, "store">,
  { access, refresh, graceSeconds, context }: GraceRequest & { readonly context: RequestContext },
): Promise<GraceResult> {
  if (access.kind === "missing") return { kind: "refused", code: "access_token_missing" };
  if (access.kind === "invalid") return { kind: "refused", code: "access_token_invalid" };

  const { claims } = access;
  const { sessionId } = claims;
  const refreshToken = refresh.kind === "genuine" ? refresh.token : null;
  const answer = await store.validateSession(shownPlace(claims, refreshToken), context);

  const expiresAtMs = claims.expiresAt * 1000;
  const graceEndsAtMs = expiresAtMs + graceSeconds * 1000;
  if (graceEndsAtMs <= answer.serverTime.getTime()) {
    return { kind: "refused", code: "grace_window_elapsed" };
  }
  if (answer.outcome === "stale") return { kind: "refused", code: "access_token_superseded" };
  if (answer.outcome !== "active") {
    return { kind: "refused", code: sessionOverCode(answer.outcome) };
  }

  const { session, serverTime } = answer;
  const active = serverTime.getTime() < expiresAtMs;
  return {
    kind: active ? "active" : "grace",
    userId: session.userId,
    sessionId,
    accessTokenExpiresAt: new Date(expiresAtMs),
    graceEndsAt: active
      ? null
      : new Date(Math.min(graceEndsAtMs, session.refreshTokenExpiresAt.getTime())),
    serverTime,
  };
}
