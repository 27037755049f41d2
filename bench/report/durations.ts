/**
 * How long a run took, as a person says it.
 *
 * @module
 */

import type { RunDurations } from "../results.ts";

/** Such as `15 min 2 s: costs 8 min 41 s, growth 5 min 50 s`. */
export function formatDurations({ totalSeconds, suiteSeconds }: RunDurations): string {
  const suites = Object.entries(suiteSeconds)
    .map(([name, seconds]) => `${name} ${formatSeconds(seconds)}`);
  return [formatSeconds(totalSeconds), ...suites.length ? [suites.join(", ")] : []].join(": ");
}

function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
