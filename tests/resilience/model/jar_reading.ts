/**
 * The specification of a `validate`, whose answer is made of up to three calls to the
 * database: by the access token, by the refresh token, and by the access token again.
 *
 * @module
 */

import { type Jar, keyName, type SentProof } from "./clients.ts";
import {
  judgeAccess,
  type Micros,
  type ModelProof,
  type ModelToken,
  rotate,
  type Rotation,
} from "./rotation_model.ts";
import type { UserModel } from "./user_model.ts";

const CODES: Readonly<Record<string, string>> = {
  revoked: "session_revoked",
  evicted: "session_evicted",
  expired: "session_expired",
  not_found: "session_not_found",
  reused: "refresh_token_already_used",
  stale: "access_token_superseded",
  banned: "user_banned",
  unknown_generation: "unknown_generation",
  key_compromise_suspected: "refresh_token_invalid",
  proof_required: "proof_required",
  proof_key_unknown: "proof_key_unknown",
};

/** The code of a refusal, or the outcome itself where the session goes on. */
export function wireName(outcome: Rotation | "active" | "stale"): string {
  return CODES[outcome] ?? outcome;
}

export interface JarRequest {
  readonly jar: Jar;
  readonly token: ModelToken | null;
  readonly proof: SentProof;
  /** Model time, by the clock of the serving process. */
  readonly processNow: Micros;
  /** Model time of the next question to the database. */
  readonly nextNow: () => Micros;
}

/** A new access token beside an old refresh token: half of an answer was lost. */
export function isMismatchedJar({ access, refresh }: Jar): boolean {
  if (access === null || refresh === null) return false;
  const { sessionId, generation, branch } = access.claims;
  if (sessionId !== refresh.sessionId) return true;
  return generation > refresh.generation ||
    (generation === refresh.generation && branch > refresh.branch);
}

/**
 * Where a jar stands in its session, and whether that may confirm its generation. A refresh token that
 * is newer than the access token tells where the browser is; the access token is only stale.
 */
export function placeOf(
  jar: Jar,
  { claims }: NonNullable<Jar["access"]>,
): {
  readonly generation: number;
  readonly branch: number;
  readonly mayConfirm: boolean;
} {
  const { sessionId, generation, branch } = claims;
  const { refresh } = jar;
  const stale = refresh?.sessionId === sessionId &&
    (refresh.generation > generation ||
      (refresh.generation === generation && refresh.branch > branch));
  return stale
    ? {
      generation: refresh.generation,
      branch: refresh.branch,
      mayConfirm: false,
    }
    : { generation, branch, mayConfirm: !isMismatchedJar(jar) };
}

const PROOF_CODES = new Set(["proof_required", "proof_key_unknown"]);

/** The key that a request proves for this token; null: it is refused without a database call. */
export function readModelProof(
  token: ModelToken,
  proof: SentProof,
): { readonly proof: ModelProof | null } | null {
  switch (proof.kind) {
    case "none":
      return token.key === null ? { proof: null } : null;
    case "unusable":
      return null;
    case "signed": {
      const key = keyName(proof.key);
      const { challenge } = proof;
      return key !== null && challenge.sessionId === token.sessionId
        ? { proof: { key, challenge } }
        : null;
    }
  }
}

export function expectRefresh(
  user: UserModel,
  { token, proof, nextNow }: Pick<JarRequest, "proof" | "nextNow"> & { readonly token: ModelToken },
): string {
  const proven = readModelProof(token, proof);
  if (proven === null) return "proof_required";
  const session = user.sessions.get(token.sessionId);
  const { outcome, row } = rotate(session, token, { proof: proven.proof, now: nextNow() });
  if (row !== null) user.rowsReached.add(row);
  return wireName(outcome);
}

export function expectValidate(
  user: UserModel,
  { mode, ...request }: JarRequest & { readonly mode: "auto" | "never" },
): string {
  const { jar, token, proof, processNow, nextNow } = request;
  const access = jar.access !== null && jar.access.expiresAt > processNow ? jar.access : null;
  const mismatched = access !== null && isMismatchedJar(jar);

  const askByAccess = (): string => {
    if (access === null) return "access_token_missing";
    const now = nextNow();
    const session = user.sessions.get(access.claims.sessionId);
    const standing = judgeAccess(session, placeOf(jar, access), now);
    if (standing !== "active") return wireName(standing);
    return now < access.expiresAt ? "active" : "expired meanwhile";
  };

  const mayRefresh = mode === "auto" && token !== null;
  if (access !== null && !(mismatched && mode === "auto")) {
    const answer = askByAccess();
    const isLeftToRefresh = mayRefresh && answer === wireName("stale");
    if (answer !== "expired meanwhile" && !isLeftToRefresh) return answer;
  }
  if (mode === "never" || token === null) {
    return jar.access === null ? "access_token_missing" : "access_token_expired";
  }
  const answer = expectRefresh(user, { token, proof, nextNow });
  const isRefused = Object.values(CODES).includes(answer);
  const speaksFor = access?.claims.sessionId !== token.sessionId || PROOF_CODES.has(answer);
  if (mismatched && isRefused && speaksFor && askByAccess() === "active") return "active";
  return answer;
}
