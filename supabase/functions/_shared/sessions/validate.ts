/**
 * Is this browser signed in? Tries the access token first and falls back to the refresh token. An
 * access token must not have expired by this process's clock, and not by the database's either: a fast
 * clock here tries the refresh token too early, or refuses where there is none to try.
 *
 * @module
 */

import type { AccessClaims } from "../tokens/access_token.ts";
import { type ErrorCode, sessionEndedCode } from "../errors.ts";
import type { GenuineRefreshToken } from "../tokens/refresh_token.ts";
import type { LiveSession, RequestContext, SessionAt } from "../store/session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import type { SessionGrant } from "./grant.ts";
import { type PresentedTokens, readUnexpiredClaims } from "./presented_tokens.ts";
import type { ReadProof } from "./proof.ts";
import { joinRefusals, type Refusal, refuse } from "./refusal.ts";
import { refreshSession, type Throttled } from "./refresh.ts";
import { isMismatched, presentedPlace } from "./mismatched_cookies.ts";

export type ValidateResult =
  | ({ readonly kind: "active" } & SessionAt)
  | { readonly kind: "refreshed"; readonly grant: SessionGrant }
  | Throttled
  | Refusal;

export interface ValidateRequest extends PresentedTokens {
  readonly mode: "auto" | "never";
  /** Of use only where the refresh token is: a live access token needs no proof. */
  readonly readProof: ReadProof;
}

/** @throws {ServiceUnavailableError} If the database was not reached; the session is untouched then */
export async function validateSession(
  dependencies: SessionDependencies,
  { access, refresh, mode, readProof, context }: ValidateRequest & {
    readonly context: RequestContext;
  },
): Promise<ValidateResult> {
  const unexpired = readUnexpiredClaims(access, dependencies.nowMs());
  const refreshToken = refresh.kind === "genuine" ? refresh.token : null;
  const mismatched = unexpired !== null && refreshToken !== null &&
    isMismatched(unexpired, refreshToken);

  const answer = unexpired === null || (mismatched && mode === "auto")
    ? null
    : await askByAccessToken(dependencies, unexpired, { refreshToken, context });
  if (answer?.kind === "active") return answer;
  // Another branch took the place of this access token: a refresh decides, if there is one to try.
  const refused = answer?.kind === "refused" ? answer : null;
  const endedSessions = refused?.endedSessions ?? [];

  const [presented, ...others] = mode === "never" || refresh.kind !== "genuine"
    ? []
    : [refresh.token, ...refresh.others].filter(({ sessionId }) =>
      !endedSessions.includes(sessionId)
    );
  if (presented === undefined) {
    return refused ?? refuse(missingCode({ access, refresh, mode }), null);
  }

  const result = await refreshSession(dependencies, {
    presented,
    others,
    readProof,
    event: "auto_refresh",
    context,
  });
  if (result.kind !== "refused") return result;
  if (endedSessions.length > 0 && refused !== null) return joinRefusals(refused, result);
  // The refresh token of an ended session, or one without a proof, may lie beside the access token of a
  // live session.
  if (unexpired !== null && answer === null && speaksFor(unexpired, { presented, result })) {
    const beside = await askByAccessToken(dependencies, unexpired, { refreshToken, context });
    if (beside.kind === "active") return beside;
    if (beside.kind === "refused" && beside.endedSessions.length > 0) {
      return joinRefusals(result, beside);
    }
  }
  return result;
}

/** Whether an access token may still show what a refused refresh token did not. */
function speaksFor(
  { sessionId }: AccessClaims,
  { presented, result }: { readonly presented: GenuineRefreshToken; readonly result: Refusal },
): boolean {
  return sessionId !== presented.sessionId || result.code === "proof_required" ||
    result.code === "proof_key_unknown";
}

async function askByAccessToken(
  { store, lifetimes }: Pick<SessionDependencies, "store" | "lifetimes">,
  claims: AccessClaims,
  { refreshToken, context }: {
    readonly refreshToken: GenuineRefreshToken | null;
    readonly context: RequestContext;
  },
): Promise<Extract<ValidateResult, { kind: "active" }> | Refusal | { readonly kind: "expired" }> {
  const { sessionId } = claims;
  const answer = await store.validateSession(presentedPlace(claims, refreshToken), context);
  if (answer.outcome === "stale") return refuse("access_token_superseded", sessionId);
  if (answer.outcome !== "active") {
    return refuse(sessionEndedCode(answer.outcome), sessionId);
  }
  const { serverTime } = answer;
  if (claims.expiresAt * 1000 <= serverTime.getTime()) return { kind: "expired" };
  return { kind: "active", session: seenBy(claims, answer, lifetimes), serverTime };
}

/**
 * The session as the holder of this access token may see it: with the place and the times of that token
 * and not with those of the row, from which a copied token could read when its owner refreshes.
 */
function seenBy(
  claims: AccessClaims,
  { session, serverTime }: SessionAt,
  { refreshTtlSeconds, absoluteTtlSeconds }: SessionDependencies["lifetimes"],
): LiveSession {
  const refreshTokenExpiresAtMs = Math.min(
    (claims.issuedAt + refreshTtlSeconds) * 1000,
    absoluteTtlSeconds === 0 ? Infinity : session.createdAt.getTime() + absoluteTtlSeconds * 1000,
  );
  return {
    ...session,
    generation: claims.generation,
    branch: claims.branch,
    lastActiveAt: serverTime,
    accessTokenExpiresAt: new Date(claims.expiresAt * 1000),
    refreshTokenExpiresAt: new Date(refreshTokenExpiresAtMs),
  };
}

function missingCode(
  { access, refresh, mode }: Pick<ValidateRequest, "access" | "refresh" | "mode">,
): ErrorCode {
  if (mode === "auto" && refresh.kind === "invalid") return "refresh_token_invalid";
  switch (access.kind) {
    case "genuine":
      return "access_token_expired";
    case "invalid":
      return "access_token_invalid";
    case "missing":
      return "access_token_missing";
    default:
      return access satisfies never;
  }
}
