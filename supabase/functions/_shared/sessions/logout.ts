/**
 * Signing out: this session, the others, or all. Idempotent: a session that is over already, or no
 * token at all, is as signed out as one can be.
 *
 * @module
 */

import type { LogoutScope, RequestContext, SessionProof } from "../session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { readUnexpiredClaims, type ShownTokens } from "./validate.ts";

export interface LogoutRequest extends ShownTokens {
  readonly scope: LogoutScope;
}

/**
 * Resolves with how many sessions were ended.
 *
 * @throws {ServiceUnavailableError} If the database was not reached; then nothing was ended
 */
export async function logOut(
  { store, nowMs }: Pick<SessionDependencies, "store" | "nowMs">,
  { access, refresh, scope, context }: LogoutRequest & { readonly context: RequestContext },
): Promise<number> {
  const byRefreshToken: SessionProof[] = refresh.kind === "genuine"
    ? [{ kind: "refresh_token", presented: refresh.token }]
    : [];

  if (scope === "local") {
    // An expired access token is proof enough to end its own session, and nothing else.
    const byAccessToken: SessionProof[] = access.kind === "genuine" && !(
        refresh.kind === "genuine" && refresh.token.sessionId === access.claims.sessionId
      )
      ? [{ kind: "access_token", sessionId: access.claims.sessionId }]
      : [];
    const proofs = [...byRefreshToken, ...byAccessToken];
    const answers = await Promise.all(proofs.map((proof) => store.logOut(proof, context)));
    return answers.reduce((total, { ended }) => total + ended, 0);
  }

  const unexpired = readUnexpiredClaims(access, nowMs());
  const [proof] = unexpired === null
    ? byRefreshToken
    : [...byRefreshToken, { kind: "access_token" as const, sessionId: unexpired.sessionId }];
  if (proof === undefined) return 0;
  const { ended } = await store.logOutEverywhere({ proof, scope }, context);
  return ended;
}
