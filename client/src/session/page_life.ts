/**
 * The time between `start` and `dispose`: what the page and the clock bring is turned into looks at
 * the session.
 *
 * @module
 */

import type { SessionSync } from "./sync.ts";
import type { SessionCore } from "./core.ts";
import { nextDeadlineMs } from "./need.ts";
import type { SessionUser, Trigger } from "../transport/outcome.ts";
import type { Recovery } from "./recovery.ts";
import { createHeartbeat, createSignals } from "../tabs/signals.ts";

export interface PageLife {
  /** After anything that may have moved a deadline. */
  reschedule(): void;
  end(): void;
}

/** Shows what is remembered of the session, and begins to listen. */
export function beginLife<U extends SessionUser>(
  { environment, numbers, emitter, store, tabs, lock }: SessionCore<U>,
  { sync, recovery, recover }: {
    readonly sync: SessionSync<U>;
    readonly recovery: Recovery<U>;
    readonly recover: (trigger: Trigger) => Promise<void>;
  },
): PageLife {
  const { now } = environment;

  /** Looks at what other tabs wrote and at what time has brought. */
  function look(trigger: Trigger): void {
    sync.apply();
    store.dispatch({ type: "time", now: now() });
    void recover(trigger);
  }

  const record = sync.begin();
  const isRecent = now().date - record.at < numbers.hintTtlMs;
  store.dispatch({ type: "started", user: isRecent ? record.grant?.user ?? null : null });

  const signals = createSignals(environment, {
    returned(signal) {
      tabs.open();
      heartbeat.beat();
      look(signal);
    },
    connectivity: (offline) => store.dispatch({ type: "connectivity", offline }),
    sleeping() {
      lock.letGo();
      tabs.close();
    },
    awake() {
      tabs.open();
      sync.apply();
    },
  }, {
    ...numbers,
    isUnsettled: () => recovery.isUnderWay() || store.state().failures > 0,
  });
  const heartbeat = createHeartbeat(environment, {
    ...numbers,
    nextDeadlineMs: () =>
      nextDeadlineMs(store.state(), {
        retryAt: tabs.read().retryAt,
        now: now(),
        numbers,
        jitter: recovery.jitter,
      }),
    onBeat: () => look("tick"),
    onSuspended(gap) {
      emitter.emit("suspended", gap);
      signals.raise("suspended");
    },
  });

  tabs.open();
  const stopListening = signals.listen();
  heartbeat.reschedule();
  return {
    reschedule: heartbeat.reschedule,
    end() {
      stopListening();
      heartbeat.stop();
      lock.letGo();
      tabs.close();
    },
  };
}
