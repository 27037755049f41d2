/**
 * How long to wait after a failed attempt: exponential with full jitter, and a server's
 * `Retry-After` before either. It must not know why the attempt failed.
 *
 * @module
 */

/** The ladder: the ceiling of the n-th wait is `min(backoffCapMs, backoffBaseMs * 2^n)`. */
export interface BackoffLimits {
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
}

/** A server may ask for a longer wait than the ladder's cap, but not for ever. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/**
 * The wait after the `failures`-th failure in a row (1 is the first): anything between nothing and
 * the ceiling, equally likely, so that browsers that failed together do not come back together.
 */
export function backoffMs(
  failures: number,
  { backoffBaseMs, backoffCapMs, random, retryAfterMs }: BackoffLimits & {
    random: number;
    retryAfterMs?: number | undefined;
  },
): number {
  return retryAfterMs === undefined
    ? random * Math.min(backoffCapMs, backoffBaseMs * 2 ** (failures - 1))
    : Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS);
}
