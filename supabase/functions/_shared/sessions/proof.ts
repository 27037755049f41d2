/**
 * Which proof of a browser's key a request has for a refresh token. Refuses what needs no database:
 * a token that names a key without a proof, and a proof that does not fit the token.
 *
 * @module
 */

import type { ProofChallenge } from "../brands.ts";
import { createChallenge } from "../tokens/proof_challenge.ts";
import type { GenuineRefreshToken } from "../tokens/refresh_token.ts";
import type { PresentedProof } from "../tokens/key_proof.ts";
import type { TokenPlace } from "../tokens/token_place.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** The proof of a request, checked when it is first needed and no more than once. */
export type ReadProof = () => Promise<ProofReading>;

export type ProofReading =
  | { readonly kind: "proven"; readonly proof: PresentedProof }
  | { readonly kind: "invalid" }
  | { readonly kind: "missing" };

const MISSING: ProofReading = { kind: "missing" };

export const NO_PROOF: ReadProof = (): Promise<ProofReading> => Promise.resolve(MISSING);

/** The proof that comes with a token, if there must be one or is one; or the refusal. */
export type ProofOfToken =
  | { readonly kind: "presented"; readonly proof: PresentedProof | null }
  | Refusal;

/**
 * A genuine token that names a key is worth nothing without a proof, no matter who sends it and however
 * often: it costs no question to the database.
 */
export async function requireProof(
  dependencies: Pick<SessionDependencies, "keys" | "nowMs">,
  { presented, readProof }: {
    readonly presented: GenuineRefreshToken;
    readonly readProof: ReadProof;
  },
): Promise<ProofOfToken> {
  const proof = await findProof({ presented, readProof });
  if (proof !== null) return { kind: "presented", proof };
  // One that came and does not hold is refused even where none was needed: its client means to bind.
  if (presented.key === null && (await readProof()).kind === "missing") {
    return { kind: "presented", proof: null };
  }
  return refuseWithoutProof(dependencies, presented, new Date(dependencies.nowMs()));
}

/** The proof of a token that may go without one. One that does not fit it is none. */
export async function findProof(
  { presented, readProof }: {
    readonly presented: GenuineRefreshToken;
    readonly readProof: ReadProof;
  },
): Promise<PresentedProof | null> {
  const reading = await readProof();
  return reading.kind === "proven" && reading.proof.challenge?.sessionId === presented.sessionId
    ? reading.proof
    : null;
}

/**
 * The challenge names the place of the token and not that of its session: the holder of a copy could
 * read from the latter when its owner refreshes.
 */
export function refuseWithoutProof(
  { keys }: Pick<SessionDependencies, "keys">,
  place: TokenPlace,
  challengedAt: Date,
): Refusal {
  return {
    ...refuse("proof_required", place.sessionId),
    challenge: challenge({ keys }, place, challengedAt),
  };
}

/** The challenge that the browser's key signs next. */
export function challenge(
  { keys }: Pick<SessionDependencies, "keys">,
  { sessionId, generation, branch }: TokenPlace,
  challengedAt: Date,
): ProofChallenge {
  return createChallenge({ sessionId, generation, branch, challengedAt }, keys.signing);
}
