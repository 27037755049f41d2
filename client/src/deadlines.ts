/**
 * When something about a session changes by itself: the moments at which to look again. It must not
 * know what is done then.
 *
 * @module
 */

import { elapsedMs, type Instant } from "./clock.ts";
import { marginMs } from "./need.ts";
import type { SessionNumbers } from "./options.ts";
import type { SessionUser } from "./outcome.ts";
import type { State } from "./transition.ts";

/** Milliseconds until the next such moment; `Infinity` when there is none ahead. */
export function nextDeadlineMs<U extends SessionUser>(
  { grant, failures }: State<U>,
  { retryAt, now, numbers, jitter }: {
    readonly retryAt: number | null;
    readonly now: Instant;
    readonly numbers: SessionNumbers;
    readonly jitter: number;
  },
): number {
  const moments = [(retryAt ?? 0) - now.date];
  if (grant) {
    const ageMs = elapsedMs(grant.at, now);
    const accessMs = grant.accessInMs - ageMs;
    const endMs = (grant.endInMs ?? Infinity) - ageMs;
    const { warningMs, verifyTtlMs, validateEveryMs } = numbers;
    moments.push(
      accessMs,
      accessMs - marginMs(grant, jitter, numbers),
      endMs,
      endMs - warningMs,
      verifyTtlMs - ageMs,
      validateEveryMs - ageMs,
    );
    if (failures) moments.push(accessMs - warningMs);
    // A countdown is shown: its next whole minute.
    for (const leftMs of [endMs, failures ? accessMs : Infinity]) {
      if (leftMs > 0 && leftMs <= warningMs) moments.push(leftMs % 60_000);
    }
  }
  // What is past was looked at when it came; whatever could not be done then has a moment of its own.
  return Math.min(...moments.map((ms) => ms > 0 ? Math.ceil(ms) : Infinity));
}
