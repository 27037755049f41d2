/**
 * One browser of a simulated day: tabs that open, hide, come back and sleep, and ask a server when the
 * client would. What decides is the client's own code (`need.ts`, `deadlines.ts`, `transition.ts`,
 * `heartbeat.ts`, `signals.ts`); only what is asynchronous in it (the lock, the channel, the request)
 * happens here at once, so that a day costs milliseconds.
 *
 * @module
 */

import type { Instant } from "../../client/src/clock.ts";
import { nextDeadlineMs } from "../../client/src/deadlines.ts";
import type { SessionEnvironment } from "../../client/src/environment.ts";
import { createHeartbeat } from "../../client/src/heartbeat.ts";
import { neededAction } from "../../client/src/need.ts";
import { DEFAULTS, type SessionNumbers } from "../../client/src/options.ts";
import type { SessionUser, Trigger } from "../../client/src/outcome.ts";
import { createSignals } from "../../client/src/signals.ts";
import { type State, transition, UNKNOWN } from "../../client/src/transition.ts";
import type { PageEvent } from "./page_event.ts";
import type { SimulatedServer } from "./server.ts";

/** What the wall clock shows at the start of the day. */
const EPOCH = 1_800_000_000_000;

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

interface Tab {
  state: State<SessionUser>;
  readonly document: EventTarget & { hidden: boolean };
  close(): void;
  learned(): void;
}

/** Lives through `events`, then on to `endMs`. */
export function simulateBrowser(
  events: readonly PageEvent[],
  { server, endMs, random, timerLatenessMs = 1, numbers = DEFAULTS }: {
    readonly server: SimulatedServer;
    readonly endMs: number;
    readonly random: () => number;
    /** A timer fires after its time, never before. @default {1} */
    readonly timerLatenessMs?: number;
    /** @default {the client's} */
    readonly numbers?: SessionNumbers;
  },
): void {
  let nowMs = 0;
  /** What all tabs remember, also those that are gone. */
  let accessTtlMs = 0;
  let serial = 0;
  const timers = new Set<Timer>();
  const tabs = new Map<number, Tab>();
  const now = (): Instant => ({ date: EPOCH + nowMs, perf: nowMs });

  function setTimer(fire: () => void, delayMs: number): () => void {
    const timer = { atMs: nowMs + delayMs + timerLatenessMs, fire };
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  /** Fires what is due until `untilMs`, in its order. */
  function advance(untilMs: number): void {
    for (;;) {
      let first: Timer | undefined;
      for (const timer of timers) {
        if (timer.atMs <= untilMs && (!first || timer.atMs < first.atMs)) first = timer;
      }
      if (!first) break;
      nowMs = Math.max(nowMs, first.atMs);
      timers.delete(first);
      first.fire();
    }
    nowMs = Math.max(nowMs, untilMs);
  }

  /** Asks the server and lets every tab know, as the shared record does. */
  function ask(action: "validate" | "refresh"): void {
    const { generation, refreshed, accessInMs, endInMs } = server.answer(action, nowMs);
    accessTtlMs = Math.max(accessInMs, refreshed ? 0 : accessTtlMs);
    if (refreshed || serial === 0) serial++;
    const known = { user: USER, sessionId: "session", generation, serial, ageMs: null };
    const grant = { ...known, at: now(), accessInMs, accessTtlMs, endInMs };
    for (const tab of tabs.values()) {
      tab.state = transition(tab.state, { type: "granted", grant });
      tab.learned();
    }
  }

  function openTab(number: number): void {
    const document = Object.assign(new EventTarget(), { hidden: false });
    const environment: SessionEnvironment = { ...WORLDLESS, now, random, setTimer, document };
    const jitter = random() * 2 - 1;

    function look(trigger: Trigger): void {
      tab.state = transition(tab.state, { type: "time", now: now() });
      const demand = { trigger, since: now(), force: false, minTtlMs: 0, jitter };
      const serial = tab.state.grant?.serial;
      const action = neededAction({ ...demand, serial, hidden: document.hidden }, {
        state: tab.state,
        now: now(),
        numbers,
        // What is asked is answered before anybody wishes for the next.
        refreshed: { date: -Infinity, perf: 0 },
      });
      if (action) ask(action);
      heartbeat.reschedule();
    }

    const signals = createSignals(environment, {
      returned(signal) {
        heartbeat.beat();
        look(signal);
      },
      connectivity() {},
      sleeping() {},
      awake() {},
    }, { ...numbers, isInDoubt: () => false });
    const heartbeat = createHeartbeat(environment, {
      ...numbers,
      nextDeadlineMs: () =>
        nextDeadlineMs(tab.state, { retryAt: null, now: now(), numbers, jitter }),
      onBeat: () => look("tick"),
      onSuspended: () => signals.raise("suspended"),
    });
    const stopListening = signals.listen();
    const tab: Tab = {
      state: transition<SessionUser>(UNKNOWN, { type: "started", user: null }),
      document,
      learned: heartbeat.reschedule,
      close() {
        stopListening();
        heartbeat.stop();
      },
    };
    tabs.set(number, tab);
    heartbeat.reschedule();
    look("start");
  }

  function live(event: PageEvent): void {
    if (event.type === "sleep") {
      nowMs = event.untilMs;
      return;
    }
    const tab = tabs.get(event.tab);
    if (event.type === "open") {
      tab?.close();
      openTab(event.tab);
    } else if (tab && event.type === "close") {
      tab.close();
      tabs.delete(event.tab);
    } else if (tab) {
      tab.document.hidden = event.type === "hide";
      tab.document.dispatchEvent(new Event("visibilitychange"));
    }
  }

  for (const event of events) {
    advance(event.atMs);
    live(event);
  }
  advance(endMs);
  for (const tab of tabs.values()) tab.close();
}

const USER: SessionUser = { id: "person" };

/** No window, no network: what the decisions do not look at. */
const WORLDLESS: Pick<
  SessionEnvironment,
  | "fetch"
  | "window"
  | "isOnline"
  | "locks"
  | "storage"
  | "hasSessionCookie"
  | "openChannel"
  | "reportError"
> = {
  fetch: () => Promise.reject(new TypeError("a simulated page has no network")),
  window: null,
  isOnline: () => true,
  locks: null,
  storage: null,
  hasSessionCookie: () => undefined,
  openChannel: () => null,
  reportError(error) {
    throw error;
  },
};
