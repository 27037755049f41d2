/**
 * The state machine: what is known of the session, and how each event changes it. Pure: time comes
 * in with the events.
 *
 * @module
 */

import { elapsedMs, type Instant } from "../environment.ts";
import type { RejectReason, SessionUser } from "../transport/outcome.ts";

/**
 * How a session stands; see `SessionSnapshot.status`.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * if (auth.status === "ended") console.log("sign in again, in place");
 * ```
 */
export type Status = "unknown" | "restoring" | "active" | "degraded" | "ended" | "signed-out";
/**
 * The client's present activity. Nothing should ever unmount on it.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * console.log(auth.getSnapshot().activity === "refreshing");
 * ```
 */
export type Activity = "idle" | "validating" | "refreshing" | "waiting-peer" | "backing-off";
/**
 * Why there is no session: the server's answer, or somebody signed out. `key-unreadable` while
 * `degraded`: the session lives, but the key to which it is bound cannot be read; to sign in helps.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { reason } = auth.getSnapshot();
 * if (reason === "key-lost" || reason === "key-unreadable") console.log("please sign in again");
 * ```
 */
export type Reason = RejectReason | "signed-out" | "signed-out-elsewhere" | "key-unreadable";
export type WarningKind = "session-ending" | "refresh-failing";

/** A verified session, as durations from the moment at which the server verified it. */
export interface Grant<U extends SessionUser> {
  readonly user: U;
  readonly sessionId: string;
  readonly generation: number;
  /** Counts the access tokens that this browser was given, over all tabs and sessions. */
  readonly serial: number;
  readonly at: Instant;
  readonly accessInMs: number;
  /** The full life of such an access token, as far as it is known. */
  readonly accessTtlMs: number;
  readonly endInMs: number | null;
  readonly ageMs: number | null;
  readonly challenge?: string | undefined;
}

export interface State<U extends SessionUser> {
  readonly status: Status;
  readonly activity: Activity;
  /** Kept through `degraded` and `ended`; from the hint while `restoring`. */
  readonly user: U | null;
  /** The session as last verified in this page's life; null before that and after a refusal. */
  readonly grant: Grant<U> | null;
  readonly reason: Reason | null;
  /** Failed attempts since the server's last answer. */
  readonly failures: number;
  /** When the next attempt is due, local epoch in milliseconds. */
  readonly nextAttemptAt: number | null;
  readonly offline: boolean;
  /** The warning that the person closed; it stays closed until the session is refreshed. */
  readonly dismissed: WarningKind | null;
}

export type SessionEvent<U extends SessionUser> =
  | { readonly type: "started"; readonly user: U | null }
  /** The session as a server knew it when it rendered the page. */
  | { readonly type: "hydrated"; readonly status: Status; readonly user: U | null }
  /** There is a sign of a session that the server is still to confirm; the user is only a hint. */
  | { readonly type: "restored"; readonly user: U | null }
  | { readonly type: "activity"; readonly activity: Activity }
  | { readonly type: "granted"; readonly grant: Grant<U> }
  | { readonly type: "rejected"; readonly reason: RejectReason }
  | {
    readonly type: "failed";
    readonly failures: number;
    readonly nextAttemptAt: number | null;
    readonly reason: "key-unreadable" | null;
    readonly now: Instant;
  }
  | { readonly type: "signed-out"; readonly reason: Reason }
  | { readonly type: "connectivity"; readonly offline: boolean }
  | { readonly type: "time"; readonly now: Instant }
  | { readonly type: "dismissed"; readonly warning: WarningKind };

/** Where every page begins. */
export const UNKNOWN: State<never> = {
  status: "unknown",
  activity: "idle",
  user: null,
  grant: null,
  reason: null,
  failures: 0,
  nextAttemptAt: null,
  offline: false,
  dismissed: null,
};

/** Milliseconds until the access token expires; 0 or less when it has, or when there is none. */
export function accessLeftMs<U extends SessionUser>(state: State<U>, now: Instant): number {
  return state.grant ? state.grant.accessInMs - elapsedMs(state.grant.at, now) : 0;
}

/** The state after `event`. An event that means nothing in this state changes nothing. */
export function transition<U extends SessionUser>(
  state: State<U>,
  event: SessionEvent<U>,
): State<U> {
  const { status } = state;
  switch (event.type) {
    case "started":
      return status === "unknown" ? { ...state, status: "restoring", user: event.user } : state;
    case "hydrated":
      return (status === "unknown" || status === "restoring") && !state.grant
        ? { ...state, status: event.status, user: event.user ?? state.user }
        : state;
    case "restored":
      return { ...UNKNOWN, offline: state.offline, status: "restoring", user: event.user };
    case "activity":
      return { ...state, activity: event.activity };
    case "granted":
      return isOlder(event.grant, state.grant) ? state : {
        ...UNKNOWN,
        status: "active",
        user: event.grant.user,
        grant: event.grant,
        dismissed: event.grant.serial === state.grant?.serial ? state.dismissed : null,
      };
    case "rejected": {
      const reason = status === "degraded" ? event.reason : state.reason ?? event.reason;
      return {
        ...UNKNOWN,
        offline: state.offline,
        reason,
        ...(status === "signed-out" || !state.user
          ? { status: "signed-out" }
          : { status: "ended", user: state.user }),
      };
    }
    case "failed": {
      const { failures, nextAttemptAt, reason } = event;
      const activity = failures ? "backing-off" : state.activity;
      const next = degrade({ ...state, failures, nextAttemptAt, activity }, event.now);
      return next.status === "degraded" ? { ...next, reason } : next;
    }
    case "signed-out":
      return { ...UNKNOWN, offline: state.offline, status: "signed-out", reason: event.reason };
    case "connectivity":
      return { ...state, offline: event.offline };
    case "time":
      return degrade(state, event.now);
    case "dismissed":
      return { ...state, dismissed: event.warning };
    default:
      return event satisfies never;
  }
}

/** A session that could not be verified is degraded once its access token has expired, never before. */
function degrade<U extends SessionUser>(state: State<U>, now: Instant): State<U> {
  const isKnown = state.status === "active" || (state.status === "restoring" && state.user);
  return state.failures && isKnown && accessLeftMs(state, now) <= 0
    ? { ...state, status: "degraded" }
    : state;
}

/** A reply that was overtaken must not bring an old generation back. */
function isOlder<U extends SessionUser>(grant: Grant<U>, known: Grant<U> | null): boolean {
  return known?.sessionId === grant.sessionId && grant.generation < known.generation;
}
