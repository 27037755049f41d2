/**
 * Signing out: this session, the others, or all. Idempotent: a session that is over already, or no
 * token at all, is as signed out as one can be.
 *
 * @module
 */

import type { AccessClaims } from "../access_token.ts";
import type { SessionId } from "../brands.ts";
import type { GenuineRefreshToken } from "../refresh_token.ts";
import type { LogoutScope, RequestContext, SessionProof } from "../session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { refuseAccess } from "./own_sessions.ts";
import { joinRefusals, type Refusal, refuse } from "./refusal.ts";
import { readUnexpiredClaims, type ShownTokens } from "./validate.ts";

export interface LogoutRequest extends ShownTokens {
  readonly scope: LogoutScope;
}

export type LogoutResult =
  | { readonly kind: "signed_out"; readonly ended: number }
  | Refusal;

/**
 * Signing out locally or everywhere always succeeds, and says how many sessions it ended. Only to
 * end the others takes a live session: to answer "done" from a dead one would be a lie.
 *
 * @throws {ServiceUnavailableError} If the database was not reached
 */
export async function logOut(
  { store, nowMs }: Pick<SessionDependencies, "store" | "nowMs">,
  { access, refresh, scope, context }: LogoutRequest & { readonly context: RequestContext },
): Promise<LogoutResult> {
  const byRefreshTokens = refresh.kind === "genuine"
    ? [refresh.token, ...refresh.others].map(proveByRefreshToken)
    : [];
  // An expired access token is proof enough to end its own session, and nothing else.
  const shown = [
    ...byRefreshTokens,
    ...proveByAccessToken(access.kind === "genuine" ? access.claims : null),
  ];
  if (scope === "local") {
    return { kind: "signed_out", ended: await endShown(store, shown, context) };
  }

  const proofs = [...byRefreshTokens, ...proveByAccessToken(readUnexpiredClaims(access, nowMs()))];
  const { acting, ended, over } = await endEverywhere(store, { proofs, scope }, context);
  if (scope === "global") {
    const rest = shown.filter((proof) => ![acting, ...over].includes(provenSession(proof)));
    return { kind: "signed_out", ended: ended + await endShown(store, rest, context) };
  }
  if (acting !== null) return { kind: "signed_out", ended };
  const [refused] = proofs;
  if (refused === undefined) return refuseAccess(access);
  return over.length === 0
    ? refuse("refresh_token_invalid", provenSession(refused))
    : over.map((sessionId) => refuse("session_revoked", sessionId)).reduce(joinRefusals);
}

interface EndedEverywhere {
  /** The live session that was proven; null: none was, and nothing was ended. */
  readonly acting: SessionId | null;
  readonly ended: number;
  /** Those of the proofs whose session is over. */
  readonly over: readonly SessionId[];
}

/**
 * With the first proof of a live session. The refresh cookie of a dead session may lie beside the access
 * cookie of a live one, and a restored database knows a session's access token by its id when it has
 * forgotten the refresh token beside it.
 */
async function endEverywhere(
  store: SessionDependencies["store"],
  { proofs, scope }: {
    readonly proofs: readonly SessionProof[];
    readonly scope: Exclude<LogoutScope, "local">;
  },
  context: RequestContext,
): Promise<EndedEverywhere> {
  const over: SessionId[] = [];
  for (const proof of proofs) {
    const sessionId = provenSession(proof);
    if (over.includes(sessionId)) continue;
    const { outcome, ended } = await store.logOutEverywhere({ proof, scope }, context);
    switch (outcome) {
      case "ended":
        return { acting: sessionId, ended, over };
      case "already_ended":
      case "not_found":
        over.push(sessionId);
        break;
      case "not_allowed":
        break;
      default:
        outcome satisfies never;
    }
  }
  return { acting: null, ended: 0, over };
}

/**
 * Cookies of several sessions, as a proxy that drops headers or a change of domain leaves them, are all
 * this browser's. One that we cannot clear would sign it in again.
 */
async function endShown(
  store: SessionDependencies["store"],
  proofs: readonly SessionProof[],
  context: RequestContext,
): Promise<number> {
  const sessions = [...Map.groupBy(proofs, provenSession).values()];
  const ended = await Promise.all(sessions.map((each) => endByAny(store, each, context)));
  return ended.reduce((total, each) => total + each, 0);
}

async function endByAny(
  store: SessionDependencies["store"],
  proofsOfOne: readonly SessionProof[],
  context: RequestContext,
): Promise<number> {
  for (const proof of proofsOfOne) {
    const { outcome, ended } = await store.logOut(proof, context);
    if (outcome !== "not_allowed") return ended;
  }
  return 0;
}

function proveByRefreshToken(presented: GenuineRefreshToken): SessionProof {
  return { kind: "refresh_token", presented };
}

function proveByAccessToken(claims: AccessClaims | null): readonly SessionProof[] {
  return claims === null ? [] : [{ kind: "access_token", sessionId: claims.sessionId }];
}

function provenSession(proof: SessionProof): SessionId {
  return proof.kind === "refresh_token" ? proof.presented.sessionId : proof.sessionId;
}
