/**
 * The three ways in which a queued call can fail without having been sent. Misuse is not among them:
 * that is a `TypeError` or a `RangeError`.
 *
 * @module
 */

import type { Busy, Unavailable } from "./outcome.ts";
import type { Reason } from "./snapshot.ts";

/** The server said that the session is over, or the person signed out. Signing in again helps. */
export class SessionEndedError extends Error {
  override readonly name = "SessionEndedError";
  /** Why, where the server said why. */
  readonly reason: Reason | null;
  constructor(reason: Reason | null) {
    super(`Cannot send as the session is over: reason is ${reason}`);
    this.reason = reason;
  }
}

/** Nobody could say in time whether the session stands. It may; try again later. */
export class SessionUnavailableError extends Error {
  override readonly name = "SessionUnavailableError";
  /** The last answer of the server, if there was one. */
  override readonly cause: Busy | Unavailable | null;
  constructor(cause: Busy | Unavailable | null) {
    super(`Cannot send as the session is in doubt: last answer is ${cause?.kind ?? "none"}`);
    this.cause = cause;
  }
}

/** More calls wait for the session than `queueMax` allows. */
export class SessionBusyError extends Error {
  override readonly name = "SessionBusyError";
  constructor(queueMax: number) {
    super(`Cannot queue another call: ${queueMax} wait already`);
  }
}
