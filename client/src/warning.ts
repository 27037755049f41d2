/**
 * When to warn a person: when the session will really end, or when refreshing it keeps failing and
 * the access token is nearly over. Never because of an access token that will be refreshed anyway,
 * or a healthy user would be warned every hour.
 *
 * @module
 */

import { elapsedMs, type Instant } from "./clock.ts";
import type { SessionUser } from "./outcome.ts";
import { accessLeftMs, type State, type WarningKind } from "./transition.ts";

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
  /** Whole minutes, rounded up; 0 when the time is over. */
  readonly minutesLeft: number;
}

/** The warning to show at `now`, if any. */
export function warningOf<U extends SessionUser>(
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
    // A clock that was set back says nothing about the time left: the server is being asked.
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
