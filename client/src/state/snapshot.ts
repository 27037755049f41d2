/**
 * The session as an app sees it at one moment: an immutable value, the same object until something
 * visible changes. It includes the warning for the person: that the session will really end, or that
 * refreshing keeps failing and the access token is nearly over. An access token that will be refreshed
 * anyway is no reason to warn, or a healthy user would be warned every hour.
 *
 * @module
 */

import { elapsedMs, type Instant } from "../environment.ts";
import type { SessionUser } from "../transport/outcome.ts";
import {
  accessLeftMs,
  type Activity,
  type Reason,
  type State,
  type Status,
  type WarningKind,
} from "./transition.ts";
import type { UnifiedAuthUser } from "../transport/views.ts";

export type { Activity, Reason, Status };

/**
 * The session as an app sees it at one moment.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { status, user, canMutate } = auth.getSnapshot();
 * console.log(status, user?.email, canMutate);
 * ```
 */
export interface SessionSnapshot<U extends SessionUser = UnifiedAuthUser> {
  /**
   * `unknown` before a start (on a server), `restoring` until the first answer, `active`, `degraded` (the server
   * cannot be reached and the access token has expired), `ended` (the server said that the session has
   * ended; the user and the data may stay on the screen), `signed-out`.
   */
  readonly status: Status;
  /** The client's present activity. Nothing should ever unmount on it. */
  readonly activity: Activity;
  /** Kept through `degraded` and `ended`. */
  readonly user: U | null;
  /** The server confirmed the session in this page's life, at most `verifyTtlMs` ago. */
  readonly sessionVerified: boolean;
  /** `status` is `ended`. */
  readonly sessionEnded: boolean;
  /** Whether a write would be accepted: active, verified, access time left, not offline. */
  readonly canMutate: boolean;
  /** The device has no network. */
  readonly offline: boolean;
  /** By this device's clock, milliseconds since the epoch. */
  readonly accessExpiresAt: number | null;
  /** When the session itself ends unless it is refreshed, by this device's clock. */
  readonly sessionEndsAt: number | null;
  /** The warning to show, if any. */
  readonly warning: SessionWarning | null;
  /** Failed attempts since the server's last answer. */
  readonly failures: number;
  /** When the next attempt is due, by this device's clock. */
  readonly nextAttemptAt: number | null;
  /** Why there is no session. */
  readonly reason: Reason | null;
  /** Rotations of the session, from the server; 0 when there is none. */
  readonly generation: number;
}

/** `verifyTtlMs` and `warningMs` of the options. */
export interface SnapshotLimits {
  readonly verifyTtlMs: number;
  readonly warningMs: number;
}

/** How the state looks at `now`. */
export function snapshotOf<U extends SessionUser>(
  state: State<U>,
  now: Instant,
  limits: SnapshotLimits,
): SessionSnapshot<U> {
  const { status, activity, user, grant, offline, failures, nextAttemptAt, reason } = state;
  const sessionVerified = grant !== null && elapsedMs(grant.at, now) < limits.verifyTtlMs;
  return {
    status,
    activity,
    user,
    sessionVerified,
    sessionEnded: status === "ended",
    canMutate: status === "active" && sessionVerified && !offline && accessLeftMs(state, now) > 0,
    offline,
    accessExpiresAt: grant && grant.at.date + grant.accessInMs,
    sessionEndsAt: grant && grant.endInMs !== null ? grant.at.date + grant.endInMs : null,
    warning: warningOf(state, now, limits.warningMs),
    failures,
    nextAttemptAt,
    reason,
    generation: grant?.generation ?? 0,
  };
}

/** Keeps `previous` when nothing visible changed, so that subscribers can compare by identity. */
export function keepIfEqual<T extends object>(previous: T, next: T): T {
  const merged = { ...next };
  let changed = false;
  for (const key in next) {
    const [old, fresh] = [previous[key], next[key]];
    if (key === "warning" && old && fresh) {
      merged[key] = keepIfEqual(old, fresh);
    }
    changed ||= merged[key] !== old;
  }
  return changed ? merged : previous;
}

/**
 * A warning to show.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * auth.on("session-warning", ({ kind, minutesLeft }) => console.log(kind, minutesLeft));
 * ```
 */
export interface SessionWarning {
  /** The session will really end, or refreshing keeps failing and the access token is nearly over. */
  readonly kind: "session-ending" | "refresh-failing";
  /** By this device's clock, milliseconds since the epoch. */
  readonly endsAt: number;
  /** Whole minutes, rounded up; 0 when no time is left. */
  readonly minutesLeft: number;
}

/** The warning to show at `now`, if any. */
function warningOf<U extends SessionUser>(
  state: State<U>,
  now: Instant,
  warningMs: number,
): SessionWarning | null {
  const { grant, failures, dismissed } = state;
  if (!grant) return null;
  const leftMs: Record<WarningKind, number> = {
    "session-ending": (grant.endInMs ?? Infinity) - elapsedMs(grant.at, now),
    "refresh-failing": failures ? accessLeftMs(state, now) : Infinity,
  };
  for (const kind of ["session-ending", "refresh-failing"] as const) {
    const left = leftMs[kind];
    // A clock that was set back says nothing about the time left: a request is under way.
    if (left > warningMs || left === -Infinity || dismissed === kind) continue;
    const lifetimeMs = kind === "session-ending" ? grant.endInMs : grant.accessInMs;
    return {
      kind,
      endsAt: grant.at.date + (lifetimeMs ?? 0),
      minutesLeft: Math.max(0, Math.ceil(left / 60_000)),
    };
  }
  return null;
}
