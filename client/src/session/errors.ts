/**
 * The three ways in which a queued call can fail without having been sent. Misuse is not among them:
 * that is a `TypeError` or a `RangeError`.
 *
 * @module
 */

import type { Busy, Unavailable } from "../transport/outcome.ts";
import type { Reason } from "../state/snapshot.ts";

/**
 * The server said that the session has ended, or the person signed out. Signing in again helps.
 *
 * @example
 * ```ts
 * import { createAuthClient, SessionEndedError } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * await auth.fetch("/api/things").catch((error: unknown) => {
 *   if (!(error instanceof SessionEndedError)) throw error;
 *   console.log(error.reason);
 * });
 * ```
 */
export class SessionEndedError extends Error {
  /** `SessionEndedError`. */
  override readonly name = "SessionEndedError";
  /** Why, where the server said why. */
  readonly reason: Reason | null;
  /** Made by the client. */
  constructor(reason: Reason | null) {
    super(`Cannot send as nobody is signed in: reason is ${reason}`);
    this.reason = reason;
  }
}

/**
 * The server could not say in time whether the session stands. It may; try again later.
 *
 * @example
 * ```ts
 * import { createAuthClient, SessionUnavailableError } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * await auth.fetch("/api/things").catch((error: unknown) => {
 *   if (!(error instanceof SessionUnavailableError)) throw error;
 *   console.log(error.cause?.kind);
 * });
 * ```
 */
export class SessionUnavailableError extends Error {
  /** `SessionUnavailableError`. */
  override readonly name = "SessionUnavailableError";
  /** The last answer of the server, if there was one. */
  override readonly cause: Busy | Unavailable | null;
  /** Made by the client. */
  constructor(cause: Busy | Unavailable | null) {
    super(
      `Cannot send as the session could not be verified: last answer is ${cause?.kind ?? "none"}`,
    );
    this.cause = cause;
  }
}

/**
 * More calls wait for the session than `queueMax` allows.
 *
 * @example
 * ```ts
 * import { createAuthClient, SessionBusyError } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * await auth.fetch("/api/things").catch((error: unknown) => {
 *   if (!(error instanceof SessionBusyError)) throw error;
 *   console.log("too many calls wait");
 * });
 * ```
 */
export class SessionBusyError extends Error {
  /** `SessionBusyError`. */
  override readonly name = "SessionBusyError";
  /** Made by the client. */
  constructor(queueMax: number) {
    super(`Cannot queue another call: ${queueMax} wait already`);
  }
}
