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
import { type Refusal, refuse } from "./refusal.ts";
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
  dependencies: Pick<SessionDependencies, "store" | "nowMs">,
  request: LogoutRequest & { readonly context: RequestContext },
): Promise<LogoutResult> {
  const { access, refresh, scope, context } = request;
  const { store, nowMs } = dependencies;
  if (scope === "local") return await logOutHere(store, request);

  const proof: SessionProof | null = refresh.kind === "genuine"
    ? proveByRefreshToken(refresh.token)
    : proveByAccessToken(readUnexpiredClaims(access, nowMs()));
  if (proof === null) {
    return scope === "global" ? { kind: "signed_out", ended: 0 } : refuseAccess(access);
  }
  const { outcome, ended } = await store.logOutEverywhere({ proof, scope }, context);
  if (outcome === "ended" || scope === "global") return { kind: "signed_out", ended };
  return refuse("session_revoked", provenSession(proof));
}

async function logOutHere(
  store: SessionDependencies["store"],
  { access, refresh, context }: LogoutRequest & { readonly context: RequestContext },
): Promise<LogoutResult> {
  const byRefreshTokens = refresh.kind === "genuine"
    ? [refresh.token, ...refresh.others].map(proveByRefreshToken)
    : [];
  // An expired access token is proof enough to end its own session, and nothing else.
  const byAccessToken = proveByAccessToken(access.kind === "genuine" ? access.claims : null);
  // Cookies of several sessions, as a proxy that drops headers or a change of domain leaves them, are all
  // this browser's. One that we cannot clear would sign it in again.
  const proofs = [...byRefreshTokens, byAccessToken].filter((proof) => proof !== null);
  const distinct = proofs.filter((proof, index) =>
    proofs.findIndex((other) => provenSession(other) === provenSession(proof)) === index
  );
  const answers = await Promise.all(distinct.map((proof) => store.logOut(proof, context)));
  return { kind: "signed_out", ended: answers.reduce((total, { ended }) => total + ended, 0) };
}

function proveByRefreshToken(presented: GenuineRefreshToken): SessionProof {
  return { kind: "refresh_token", presented };
}

function proveByAccessToken(claims: AccessClaims | null): SessionProof | null {
  return claims && { kind: "access_token", sessionId: claims.sessionId };
}

function provenSession(proof: SessionProof): SessionId {
  return proof.kind === "refresh_token" ? proof.presented.sessionId : proof.sessionId;
}
