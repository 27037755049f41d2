/**
 * The parts of a session by their interfaces, which all of them share, and how to call a transport
 * with a deadline.
 *
 * @module
 */

import type { SessionEnvironment } from "../environment.ts";
import type { Emitter, SessionEvents } from "../state/events.ts";
import type { TabLock } from "../tabs/lock.ts";
import type { SessionNumbers } from "./options.ts";
import type { Call, SessionUser, Transport, Trigger, Unavailable } from "../transport/outcome.ts";
import type { Tabs } from "../tabs/shared_record.ts";
import type { SessionStore } from "../state/store.ts";

export interface SessionCore<U extends SessionUser> {
  readonly environment: SessionEnvironment;
  readonly numbers: SessionNumbers;
  readonly transport: Transport<U>;
  readonly emitter: Emitter<SessionEvents<U>>;
  readonly store: SessionStore<U>;
  readonly tabs: Tabs<U>;
  readonly lock: TabLock;
}

/**
 * Asks the server, for `requestTimeoutMs` at most. Never rejects: a transport that throws is a fault
 * of the program, which is reported, and no answer. `abandon` makes an answer not worth waiting
 * for; a page that sleeps or goes away must not use it, or it loses what the answer brings.
 */
export async function ask<T, U extends SessionUser>(
  { environment, numbers, tabs }: Pick<SessionCore<U>, "environment" | "numbers" | "tabs">,
  trigger: Trigger,
  { abandon, request }: {
    readonly abandon: AbortController;
    readonly request: (call: Call) => Promise<T>;
  },
): Promise<T | Unavailable> {
  const { signal } = abandon;
  const deadline = new Promise<Unavailable>((resolve) => {
    signal.addEventListener("abort", () => resolve({ kind: "unavailable", cause: "timeout" }));
  });
  const cancel = environment.setTimer(() => abandon.abort(), numbers.requestTimeoutMs);
  try {
    const { grant } = tabs.read();
    const session = grant ? { challenge: grant.challenge } : undefined;
    return await Promise.race([request({ signal, trigger, session }), deadline]);
  } catch (error) {
    if (!signal.aborted) environment.reportError(error);
    return { kind: "unavailable", cause: "request" };
  } finally {
    cancel();
  }
}
