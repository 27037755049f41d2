/**
 * Reduces the many events of a return to one signal. Chromium fires two to three of them in the same
 * millisecond, and a page that was suspended with its window in front fires none at all. The heartbeat
 * finds that one: it beats at the next deadline and at least every `heartbeatMs`, because one long timer
 * up to an expiry stands still while the device sleeps.
 *
 * @module
 */

import { elapsedMs, type Instant, type SessionEnvironment } from "../environment.ts";
import type { Trigger } from "../transport/outcome.ts";

export type ReturnSignal = Extract<
  Trigger,
  "visibility" | "focus" | "pageshow" | "resume" | "online" | "suspended"
>;

export interface SignalSinks {
  /** Once for each return, after the settle delay. */
  returned(signal: ReturnSignal): void;
  /** At once, for each change of connectivity. */
  connectivity(offline: boolean): void;
  /** The page is about to sleep: no timer and no promise may be counted on. */
  sleeping(): void;
  /** The page is awake again, before `returned`. */
  awake(): void;
}

export interface SignalOptions {
  readonly visibilityDebounceMs: number;
  readonly settleMs: number;
  /** Whether the last attempt failed or is under way: a strong signal then passes the debounce. */
  readonly isUnsettled: () => boolean;
}

/** These say more than that somebody looks at the page: the network or the page itself is back. */
const STRONG: ReadonlySet<ReturnSignal> = new Set(["online", "resume", "pageshow", "suspended"]);

export interface Signals {
  /** Starts to listen; the returned function stops. */
  listen(): () => void;
  /** A signal that no event carries. */
  raise(signal: ReturnSignal): void;
}

export function createSignals(
  { window, document, isOnline, now, setTimer }: SessionEnvironment,
  sinks: SignalSinks,
  { visibilityDebounceMs, settleMs, isUnsettled }: SignalOptions,
): Signals {
  let acceptedAt: Instant | null = null;
  let settling: ReturnSignal | null = null;
  let cancelTimer: (() => void) | undefined;

  function raise(signal: ReturnSignal): void {
    const strong = STRONG.has(signal);
    if (settling) {
      if (strong) settling = signal;
      return;
    }
    const recent = acceptedAt && elapsedMs(acceptedAt, now()) < visibilityDebounceMs;
    if (recent && !(strong && isUnsettled())) return;
    acceptedAt = now();
    settling = signal;
    cancelTimer = setTimer(() => {
      const settled = settling ?? signal;
      settling = null;
      sinks.returned(settled);
    }, settleMs);
  }

  const onVisibility = (): void => document?.hidden === false ? raise("visibility") : undefined;
  const onOnline = (): void => {
    sinks.connectivity(false);
    raise("online");
  };
  const onResume = (): void => {
    sinks.awake();
    raise("resume");
  };
  const onPageshow = (event: Event): void => {
    if (!(event as PageTransitionEvent).persisted) return;
    sinks.awake();
    raise("pageshow");
  };

  const listeners: readonly (readonly [EventTarget | null, string, (event: Event) => void])[] = [
    [document, "visibilitychange", onVisibility],
    [document, "freeze", sinks.sleeping],
    [document, "resume", onResume],
    [window, "focus", () => raise("focus")],
    [window, "pageshow", onPageshow],
    [window, "pagehide", sinks.sleeping],
    [window, "online", onOnline],
    [window, "offline", () => sinks.connectivity(true)],
  ];

  return {
    raise,
    listen() {
      for (const [target, type, listener] of listeners) target?.addEventListener(type, listener);
      sinks.connectivity(!isOnline());
      return () => {
        for (const [target, type, listener] of listeners) {
          target?.removeEventListener(type, listener);
        }
        cancelTimer?.();
        settling = null;
      };
    },
  };
}

export interface Heartbeat {
  /** Sets the timer anew, after anything that may have moved a deadline. */
  reschedule(): void;
  /** Looks for a gap now, because an event came; returns whether there was one. */
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
    /** Something may be due. Not after a suspension, which `onSuspended` handles. */
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
    // A clock that was set back (Infinity) is no gap: the deadlines notice it.
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
