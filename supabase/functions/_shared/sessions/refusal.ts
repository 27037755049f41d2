/**
 * A confirmed refusal: the code that is answered, and the sessions that were found to have ended on the
 * way there. A failure of infrastructure is none, and never becomes one.
 *
 * @module
 */

import type { ProofChallenge, SessionId } from "../brands.ts";
import { type ErrorCode, isSessionEnded } from "../errors.ts";

export interface Refusal {
  readonly kind: "refused";
  readonly code: ErrorCode;
  /** The session that the code speaks of, if it speaks of one. */
  readonly sessionId: SessionId | null;
  /** Every session that this request found to have certainly ended. */
  readonly endedSessions: readonly SessionId[];
  /** The challenge to sign, where the code is `proof_required`. */
  readonly challenge: ProofChallenge | null;
}

export function refuse(code: ErrorCode, sessionId: SessionId | null): Refusal {
  const endedSessions = sessionId !== null && isSessionEnded(code) ? [sessionId] : [];
  return { kind: "refused", code, sessionId, endedSessions, challenge: null };
}

/**
 * Answers the code of the first, the session that the browser most likely means; but a session that may
 * go on with a proof comes before one that has ended or whose key is lost. Its challenge is handed out
 * only then: where the key is refused for the second session too, nothing is left to sign.
 */
export function joinRefusals(first: Refusal, second: Refusal): Refusal {
  const mayStillProve = second.challenge !== null &&
    (first.endedSessions.length > 0 || isKeyLost(first));
  const hasNoKeyLeft = first.challenge !== null && isKeyLost(second);
  const answered = mayStillProve || hasNoKeyLeft ? second : first;
  return { ...answered, endedSessions: [...first.endedSessions, ...second.endedSessions] };
}

function isKeyLost({ code }: Refusal): boolean {
  return code === "proof_key_unknown";
}
