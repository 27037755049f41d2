/**
 * One timer for everything that time brings: the next deadline, and a beat at least every
 * `heartbeatMs`. A beat that comes much too late means that the page was suspended. Never one long
 * timer up to an expiry, because timers stand still while a device sleeps. It must not know what
 * the deadlines are for.
 *
 * @module
 */

import { elapsedMs, type Instant } from "./clock.ts";
import type { SessionEnvironment } from "./environment.ts";

export interface Heartbeat {
  /** Sets the timer anew, after anything that may have moved a deadline. */
  reschedule(): void;
  /** Looks for a gap now, because an event came; tells whether there was one. */
  beat(): boolean;
  stop(): void;
}

/** A deadline that is always due must not turn the timer into a loop. */
const SHORTEST_MS = 50;
/** Chromium wakes a hidden page once a minute, so that a beat of 60 s can come after 120 s. */
const HIDDEN_SLACK_MS = 1_000;

export function createHeartbeat(
  { now, setTimer, document }: SessionEnvironment,
  { heartbeatMs, suspensionFactor, nextDeadlineMs, onBeat, onSuspended }: {
    readonly heartbeatMs: number;
    readonly suspensionFactor: number;
    /** Milliseconds until something must be looked at; `Infinity` when nothing must. */
    readonly nextDeadlineMs: () => number;
    /** Something may be due. Not after a suspension: that has its own, more patient way. */
    readonly onBeat: () => void;
    readonly onSuspended: (gap: { elapsedMs: number; expectedMs: number }) => void;
  },
): Heartbeat {
  let lastBeat: Instant = now();
  let cancel: (() => void) | null = null;
  let stopped = false;

  function beat(): boolean {
    const gapMs = elapsedMs(lastBeat, now());
    lastBeat = now();
    const longestMs = heartbeatMs * suspensionFactor + (document?.hidden ? HIDDEN_SLACK_MS : 0);
    // A clock that was set back (Infinity) is no gap: the deadlines notice it by themselves.
    const suspended = gapMs > longestMs && gapMs < Infinity;
    if (suspended) onSuspended({ elapsedMs: gapMs, expectedMs: heartbeatMs });
    return suspended;
  }

  function reschedule(): void {
    cancel?.();
    if (stopped) return;
    const untilBeatMs = heartbeatMs - elapsedMs(lastBeat, now());
    const delayMs = Math.max(SHORTEST_MS, Math.min(untilBeatMs, nextDeadlineMs()));
    cancel = setTimer(() => {
      if (!beat()) onBeat();
      reschedule();
    }, delayMs);
  }

  return {
    beat,
    reschedule,
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
