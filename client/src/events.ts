/**
 * Everything that an app would log, as typed events, and the diagnosis that is kept of them. Never
 * a token, never a user's data but the id.
 *
 * @module
 */

import type { Outcome, SessionUser, Trigger } from "./outcome.ts";
import type { Reason, SessionSnapshot, SessionWarning } from "./snapshot.ts";

/** The events of a session and what each tells. */
export interface SessionEvents<U extends SessionUser = SessionUser> {
  /** Something visible changed. */
  state: SessionSnapshot<U>;
  /** There is a fresh access token, fetched by this tab or by another. Not for signing in. */
  "session-refreshed": { readonly generation: number; readonly source: "self" | "peer" };
  /** A warning appeared (not for each minute of its countdown). */
  "session-warning": SessionWarning;
  "session-warning-cleared": { readonly kind: SessionWarning["kind"] };
  /** The server said that the session is over. */
  "session-ended": { readonly reason: Reason | null; readonly sessionLengthMs: number | null };
  /** Somebody signed in. Never for a return to the tab. */
  "signed-in": { readonly userId: string; readonly source: "self" | "peer" };
  /** Somebody signed out. */
  "signed-out": { readonly source: "self" | "peer"; readonly sessionLengthMs: number | null };
  "user-changed": { readonly from: string; readonly to: string };
  /** The page stood still: sleep, a frozen tab, a debugger. */
  suspended: { readonly elapsedMs: number; readonly expectedMs: number };
  /** The server was asked. */
  recovery: {
    readonly trigger: Trigger;
    readonly action: "validate" | "refresh" | "logout";
    readonly outcome: Outcome<U>["kind"] | "done";
    /** Where there was no verdict: why. */
    readonly cause?: string | undefined;
    readonly durationMs: number;
  };
  offline: null;
  online: null;
  /** Calls began to wait, went out, or were turned away. */
  queue: { readonly size: number; readonly flushed: number; readonly rejected: number };
}

export type SessionEventName = keyof SessionEvents;

/** One line of the diagnosis: an event, without the user's data. */
export interface DiagnosticEntry {
  /** By this device's clock, milliseconds since the epoch. */
  readonly at: number;
  readonly event: SessionEventName;
  readonly detail: unknown;
}
