/**
 * Is this browser signed in? Asks with the access token first and falls back to the refresh token.
 * An access token must not have expired by this process's clock, and not by the database's either: a
 * fast clock here asks with the refresh token too early, or refuses where there is none to ask with.
 *
 * @module
 */

import type { AccessClaims } from "../access_token.ts";
import type { ErrorCode } from "../errors.ts";
import type { GenuineRefreshToken } from "../refresh_token.ts";
import type { RequestContext, SessionAt } from "../session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import type { SessionGrant } from "./grant.ts";
import { joinRefusals, type Refusal, refuse } from "./refusal.ts";
import type { Throttled } from "./refresh.ts";
import { refreshAny } from "./refresh_any.ts";
import { sessionOverCode } from "./session_end.ts";
import { isTorn, shownPlace } from "./torn_cookies.ts";

/** What a request showed as its access token. */
export type ShownAccessToken =
  | { readonly kind: "genuine"; readonly claims: AccessClaims }
  | { readonly kind: "invalid" }
  | { readonly kind: "missing" };

/** What a request showed as its refresh token: of its access token's session, where there is one. */
export type ShownRefreshToken =
  | {
    readonly kind: "genuine";
    readonly token: GenuineRefreshToken;
    /** One of each other session, the likelier ones first. */
    readonly others: readonly GenuineRefreshToken[];
  }
  | { readonly kind: "invalid" }
  | { readonly kind: "missing" };

export interface ShownTokens {
  readonly access: ShownAccessToken;
  readonly refresh: ShownRefreshToken;
}

export type ValidateResult =
  | ({ readonly kind: "active" } & SessionAt)
  | { readonly kind: "refreshed"; readonly grant: SessionGrant }
  | Throttled
  | Refusal;

export interface ValidateRequest extends ShownTokens {
  readonly mode: "auto" | "never";
}

/** @throws {ServiceUnavailableError} If the session could not be asked about; it is untouched then */
export async function validateSession(
  dependencies: SessionDependencies,
  { access, refresh, mode, context }: ValidateRequest & { readonly context: RequestContext },
): Promise<ValidateResult> {
  const unexpired = readUnexpiredClaims(access, dependencies.nowMs());
  const refreshToken = refresh.kind === "genuine" ? refresh.token : null;
  const torn = unexpired !== null && refreshToken !== null && isTorn(unexpired, refreshToken);
  const ask = (claims: AccessClaims) =>
    askByAccessToken(dependencies, claims, { refreshToken, context });

  const answer = unexpired === null || (torn && mode === "auto") ? null : await ask(unexpired);
  if (answer?.kind === "active") return answer;
  const over = answer?.kind === "refused" ? answer : null;

  const [presented, ...others] = mode === "never" || refresh.kind !== "genuine"
    ? []
    : [refresh.token, ...refresh.others].filter(({ sessionId }) => sessionId !== over?.sessionId);
  if (presented === undefined) return over ?? refuse(missingCode({ access, refresh, mode }), null);

  const result = await refreshAny(dependencies, {
    presented,
    others,
    event: "auto_refresh",
    context,
  });
  if (result.kind !== "refused") return result;
  if (over !== null) return joinRefusals(over, result);
  // The refresh cookie of a dead session may lie beside the access cookie of a live one.
  if (unexpired !== null && unexpired.sessionId !== presented.sessionId) {
    const beside = await ask(unexpired);
    if (beside.kind === "active") return beside;
    if (beside.kind === "refused") return joinRefusals(result, beside);
  }
  return result;
}

/** The claims of a token that has not expired by this process's own clock. */
export function readUnexpiredClaims(access: ShownAccessToken, nowMs: number): AccessClaims | null {
  return access.kind === "genuine" && access.claims.expiresAt * 1000 > nowMs ? access.claims : null;
}

async function askByAccessToken(
  { store }: Pick<SessionDependencies, "store">,
  claims: AccessClaims,
  { refreshToken, context }: {
    readonly refreshToken: GenuineRefreshToken | null;
    readonly context: RequestContext;
  },
): Promise<Extract<ValidateResult, { kind: "active" }> | Refusal | { readonly kind: "expired" }> {
  const { sessionId } = claims;
  const answer = await store.validateSession(shownPlace(claims, refreshToken), context);
  if (answer.outcome !== "active") {
    return refuse(sessionOverCode(answer.outcome), sessionId);
  }
  const { session, serverTime } = answer;
  if (claims.expiresAt * 1000 <= serverTime.getTime()) return { kind: "expired" };
  return {
    kind: "active",
    // What this browser holds, not what another tab was given since.
    session: { ...session, accessTokenExpiresAt: new Date(claims.expiresAt * 1000) },
    serverTime,
  };
}

function missingCode({ access, refresh, mode }: ValidateRequest): ErrorCode {
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
