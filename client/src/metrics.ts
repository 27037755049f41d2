/**
 * Counts what happens to a session, for whatever an app measures with. It sends nothing.
 *
 * @module
 */

import type { SessionUser } from "./transport/outcome.ts";
import type { AuthClient } from "./auth_client.ts";

/**
 * The counts so far.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 * import { collectMetrics } from "@unified-auth/client/metrics";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const metrics = collectMetrics(auth);
 * console.log(metrics.read().refreshes);
 * ```
 */
export interface SessionMetrics {
  /** Fresh access tokens, fetched by this tab or by another. */
  refreshes: number;
  /** Requests that got no answer. */
  failures: number;
  /** How often the page stood still. */
  suspensions: number;
  /** For how long, in all. */
  suspendedMs: number;
  /** Sessions that the server ended. */
  ended: number;
  /** Of the sessions that ended while this page looked on. */
  sessionLengthsMs: readonly number[];
}

/**
 * Begins to count; `stop` ends it. `read` gives the counts so far.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 * import { collectMetrics } from "@unified-auth/client/metrics";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const metrics = collectMetrics(auth);
 * console.log(metrics.read().refreshes);
 * ```
 */
export function collectMetrics<U extends SessionUser>(
  auth: Pick<AuthClient<U>, "on">,
): { read(): SessionMetrics; stop(): void } {
  const metrics = { refreshes: 0, failures: 0, suspensions: 0, suspendedMs: 0, ended: 0 };
  let sessionLengthsMs: readonly number[] = [];
  const ended = (lengthMs: number | null): void => {
    if (lengthMs !== null) sessionLengthsMs = [...sessionLengthsMs.slice(-99), lengthMs];
  };
  const stops = [
    auth.on("session-refreshed", () => metrics.refreshes++),
    auth.on("recovery", ({ outcome }) => {
      if (outcome === "busy" || outcome === "unavailable") metrics.failures++;
    }),
    auth.on("suspended", ({ elapsedMs }) => {
      metrics.suspensions++;
      metrics.suspendedMs += elapsedMs;
    }),
    auth.on("session-ended", (detail) => {
      metrics.ended++;
      ended(detail.sessionLengthMs);
    }),
    auth.on("signed-out", (detail) => ended(detail.sessionLengthMs)),
  ];
  return {
    read: () => ({ ...metrics, sessionLengthsMs }),
    stop: () => stops.forEach((stop) => stop()),
  };
}
