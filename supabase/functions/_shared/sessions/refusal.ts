/**
 * A verified no: the code that is answered, and the sessions that were found to be over on the way
 * there. A failure of infrastructure is none, and never becomes one.
 *
 * @module
 */

import type { SessionId } from "../brands.ts";
import { type ErrorCode, isSessionOver } from "../errors.ts";

export interface Refusal {
  readonly kind: "refused";
  readonly code: ErrorCode;
  /** The session that the code speaks of, if it speaks of one. */
  readonly sessionId: SessionId | null;
  /** Every session that this request found to be certainly over. */
  readonly over: readonly SessionId[];
}

export function refuse(code: ErrorCode, sessionId: SessionId | null): Refusal {
  const over = sessionId !== null && isSessionOver(code) ? [sessionId] : [];
  return { kind: "refused", code, sessionId, over };
}

/** Answers the code of the first: of the session that the browser most likely means. */
export function joinRefusals(first: Refusal, second: Refusal): Refusal {
  return { ...first, over: [...first.over, ...second.over] };
}
