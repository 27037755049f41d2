/**
 * The server's side of one simulated session: answers a browser as the functions would, and counts
 * what each answer costs the platform and the database. It must not know what made the browser ask.
 *
 * @module
 */

/** What the server and the database did for one session. */
export interface Traffic {
  /** Requests, each one function invocation and one database transaction. */
  validates: number;
  refreshes: number;
  /** Validates that found the access token over, and rotated. */
  autoRefreshes: number;
  /** Validates that also wrote: activity, or the confirmation of a generation. */
  writingValidates: number;
}

export interface SessionPolicy {
  readonly accessTtlMs: number;
  readonly refreshTtlMs: number;
  readonly windowMs: number;
  /** How old `last_active_at` must be before a validate writes it. */
  readonly activityIntervalMs: number;
}

/** The defaults of the functions. */
export const DEFAULT_POLICY: SessionPolicy = {
  accessTtlMs: 3_600_000,
  refreshTtlMs: 30 * 86_400_000,
  windowMs: 60_000,
  activityIntervalMs: 900_000,
};

/** An answer, as durations. */
export interface Answer {
  readonly generation: number;
  readonly refreshed: boolean;
  readonly accessInMs: number;
  readonly endInMs: number;
}

export interface SimulatedServer {
  readonly traffic: Traffic;
  generation(): number;
  answer(action: "validate" | "refresh", nowMs: number): Answer;
}

/** A session that was issued at `issuedAtMs` and never used since. */
export function createSimulatedServer(
  { issuedAtMs, onRequest = () => {}, policy = DEFAULT_POLICY }: {
    readonly issuedAtMs: number;
    readonly onRequest?: (action: "validate" | "refresh", nowMs: number) => void;
    readonly policy?: SessionPolicy;
  },
): SimulatedServer {
  const traffic: Traffic = { validates: 0, refreshes: 0, autoRefreshes: 0, writingValidates: 0 };
  let generation = 1;
  let accessIssuedAtMs = issuedAtMs;
  let generationIssuedAtMs = issuedAtMs;
  let activeAtMs = issuedAtMs;
  let confirmed = true; // the first generation has nothing to confirm

  /** As `rotate_session`, for the one browser that holds the current token. */
  function rotate(nowMs: number): void {
    accessIssuedAtMs = nowMs;
    activeAtMs = nowMs;
    if (nowMs <= generationIssuedAtMs + policy.windowMs) return;
    generation++;
    generationIssuedAtMs = nowMs;
    confirmed = false;
  }

  /** As `validate_session`. */
  function validate(nowMs: number): void {
    const confirms = !confirmed && nowMs > generationIssuedAtMs + policy.windowMs;
    if (!confirms && activeAtMs >= nowMs - policy.activityIntervalMs) return;
    traffic.writingValidates++;
    activeAtMs = nowMs;
    confirmed ||= confirms;
  }

  return {
    traffic,
    generation: () => generation,
    answer(action, nowMs) {
      onRequest(action, nowMs);
      const isOver = nowMs >= accessIssuedAtMs + policy.accessTtlMs;
      if (action === "refresh") traffic.refreshes++;
      else traffic.validates++;
      if (action === "validate" && isOver) traffic.autoRefreshes++;
      const refreshed = action === "refresh" || isOver;
      if (refreshed) rotate(nowMs);
      else validate(nowMs);
      return {
        generation,
        refreshed,
        accessInMs: accessIssuedAtMs + policy.accessTtlMs - nowMs,
        endInMs: generationIssuedAtMs + policy.refreshTtlMs - nowMs,
      };
    },
  };
}
