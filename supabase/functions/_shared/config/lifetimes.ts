/**
 * Reads how long tokens and sessions last, and refuses lifetimes that contradict each other.
 *
 * @module
 */

import type { EnvironmentReader } from "./environment.ts";

const DAY_SECONDS = 24 * 3600;

/** How long things last, in seconds. The defaults are below. */
export interface Lifetimes {
  /** `SESSION_ACCESS_TTL_SECONDS` */
  readonly accessTtlSeconds: number;
  /** `SESSION_REFRESH_TTL_SECONDS`: since the last rotation. */
  readonly refreshTtlSeconds: number;
  /** `SESSION_ABSOLUTE_TTL_SECONDS`: since the login; 0 means none. */
  readonly absoluteTtlSeconds: number;
  /** `SESSION_GRACE_SECONDS` */
  readonly graceSeconds: number;
  /** `SESSION_WINDOW_SECONDS` */
  readonly reuseIntervalSeconds: number;
}

/** Reads the five lifetimes; the reuse interval is shorter than the access token, that than the refresh token. */
export function readLifetimes(reader: EnvironmentReader): Lifetimes {
  const lifetimes: Lifetimes = {
    accessTtlSeconds: reader.integer("SESSION_ACCESS_TTL_SECONDS", {
      fallback: 3600,
      min: 2,
      max: DAY_SECONDS,
    }),
    refreshTtlSeconds: reader.integer("SESSION_REFRESH_TTL_SECONDS", {
      fallback: 30 * DAY_SECONDS,
      min: 3,
      max: 400 * DAY_SECONDS, // browsers keep no cookie longer (RFC 6265bis section 5.5)
    }),
    absoluteTtlSeconds: reader.integer("SESSION_ABSOLUTE_TTL_SECONDS", {
      fallback: 0,
      min: 0,
      max: 3650 * DAY_SECONDS,
    }),
    graceSeconds: reader.integer("SESSION_GRACE_SECONDS", {
      fallback: DAY_SECONDS / 2,
      min: 0,
      max: 7 * DAY_SECONDS,
    }),
    reuseIntervalSeconds: reader.integer("SESSION_WINDOW_SECONDS", {
      fallback: 60,
      min: 1,
      max: 3600,
    }),
  };
  requireOrder(reader, lifetimes);
  return lifetimes;
}

/** A comparison with NaN, which stands for a wrong value, is false: that one is a problem already. */
function requireOrder(
  reader: EnvironmentReader,
  { reuseIntervalSeconds, accessTtlSeconds, refreshTtlSeconds, absoluteTtlSeconds }: Lifetimes,
): void {
  if (reuseIntervalSeconds >= accessTtlSeconds) {
    reader.problem(
      "SESSION_WINDOW_SECONDS",
      `must be less than SESSION_ACCESS_TTL_SECONDS: ${reuseIntervalSeconds} and ${accessTtlSeconds}`,
    );
  }
  if (accessTtlSeconds >= refreshTtlSeconds) {
    reader.problem(
      "SESSION_ACCESS_TTL_SECONDS",
      `must be less than SESSION_REFRESH_TTL_SECONDS: ${accessTtlSeconds} and ${refreshTtlSeconds}`,
    );
  }
  if (absoluteTtlSeconds > 0 && absoluteTtlSeconds < accessTtlSeconds) {
    reader.problem(
      "SESSION_ABSOLUTE_TTL_SECONDS",
      `must be 0 or at least SESSION_ACCESS_TTL_SECONDS: ${absoluteTtlSeconds} and ${accessTtlSeconds}`,
    );
  }
}
