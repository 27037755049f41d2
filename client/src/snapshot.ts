/**
 * What an app sees of the session at one moment: an immutable value, the same object until something
 * visible changes. It must not know events or effects.
 *
 * @module
 */

import { elapsedMs, type Instant } from "./clock.ts";
import type { SessionUser } from "./outcome.ts";
import { accessLeftMs, type Activity, type Reason, type State, type Status } from "./transition.ts";
import type { UnifiedAuthUser } from "./views.ts";
import { type SessionWarning, warningOf } from "./warning.ts";

export type { Activity, Reason, SessionWarning, Status };

/**
 * What an app sees of the session at one moment.
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
   * cannot be asked and the access token is over), `ended` (the server said that the session is
   * over; the user and the data may stay on the screen), `signed-out`.
   */
  readonly status: Status;
  /** What the client is doing about it. Nothing should ever unmount on it. */
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
  /** Attempts without a verdict since the last one. */
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
