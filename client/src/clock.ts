/**
 * Time by duration: an instant as both of the browser's clocks saw it, and how long ago it was. It
 * must not know a server's time: a server says "in 3,600 seconds", never "at noon", because a
 * device's clock can be hours wrong.
 *
 * @module
 */

/**
 * One moment, read from the wall clock and from the monotonic clock.
 *
 * @example
 * ```ts
 * import type { Instant } from "@unified-auth/client";
 *
 * const instant: Instant = { date: Date.now(), perf: performance.now() };
 * ```
 */
export interface Instant {
  /** `Date.now()`: goes on while the device sleeps, jumps when somebody sets the clock. */
  readonly date: number;
  /** `performance.now()`: never jumps, but stops while some devices sleep. */
  readonly perf: number;
}

const CLOCK_STEP_TOLERANCE_MS = 5_000;
const LONGEST_CREDIBLE_MS = 30 * 86_400_000;

/**
 * Milliseconds from `since` until `now`: the longer of what the two clocks say, so that a sleeping
 * device and a stopped clock both count. `Infinity` when the wall clock was set back by more than
 * 5 s or forward by more than 30 days: nothing is known then, and only the server can tell.
 */
export function elapsedMs(since: Instant, now: Instant): number {
  const wall = now.date - since.date;
  return wall < -CLOCK_STEP_TOLERANCE_MS || wall > LONGEST_CREDIBLE_MS
    ? Infinity
    : Math.max(wall, now.perf - since.perf);
}

/** The instant that a record of another tab, which has its own monotonic clock, calls `date`. */
export function instantAt(date: number, now: Instant): Instant {
  return { date, perf: now.perf - (now.date - date) };
}
