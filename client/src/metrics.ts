/**
 * Counts what happens to a session, for whatever an app measures with. It must not send anything.
 *
 * @module
 */

import type { SessionUser } from "./outcome.ts";
import type { Session } from "./session.ts";

export interface SessionMetrics {
  /** Fresh access tokens, fetched by this tab or by another. */
  refreshes: number;
  /** Questions that got no verdict. */
  failures: number;
  suspensions: number;
  suspendedMs: number;
  /** Sessions that the server ended. */
  ended: number;
  /** Of the sessions that ended while this page looked on. */
  sessionLengthsMs: readonly number[];
}

/** Begins to count; `stop` ends it. `read` gives the counts so far. */
export function collectMetrics<U extends SessionUser>(
  session: Pick<Session<U>, "on">,
): { read(): SessionMetrics; stop(): void } {
  const metrics = { refreshes: 0, failures: 0, suspensions: 0, suspendedMs: 0, ended: 0 };
  let sessionLengthsMs: readonly number[] = [];
  const ended = (lengthMs: number | null): void => {
    if (lengthMs !== null) sessionLengthsMs = [...sessionLengthsMs.slice(-99), lengthMs];
  };
  const stops = [
    session.on("session-refreshed", () => metrics.refreshes++),
    session.on("recovery", ({ outcome }) => {
      if (outcome === "busy" || outcome === "unavailable") metrics.failures++;
    }),
    session.on("suspended", ({ elapsedMs }) => {
      metrics.suspensions++;
      metrics.suspendedMs += elapsedMs;
    }),
    session.on("session-ended", (detail) => {
      metrics.ended++;
      ended(detail.sessionLengthMs);
    }),
    session.on("signed-out", (detail) => ended(detail.sessionLengthMs)),
  ];
  return {
    read: () => ({ ...metrics, sessionLengthsMs }),
    stop: () => stops.forEach((stop) => stop()),
  };
}
