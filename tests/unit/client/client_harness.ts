/**
 * A browser in memory for tests of the client: one clock, one storage, one set of locks and channels,
 * and as many tabs as a test opens. Time stands still until a test moves it. Faithful where it
 * matters: timers of a frozen tab do not fire, a lock is granted to a frozen waiter, a message comes
 * later than the call that sent it. Not faithful: no throttling of hidden tabs.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { createSession } from "../../../client/src/session/create_session.ts";
import type { SessionChannel, SessionEnvironment } from "../../../client/src/environment.ts";
import type { SessionEventName } from "../../../client/src/state/events.ts";
import type { SessionOptions } from "../../../client/src/session/options.ts";
import type { Session } from "../../../client/src/session/session.ts";
import { createLocks } from "./harness_locks.ts";
import { createFakeServer, type FakeServer, type User } from "./harness_server.ts";

export { ADA, GRACE, type User } from "./harness_server.ts";

export interface Tab {
  readonly session: Session<User>;
  readonly events: { readonly name: SessionEventName; readonly detail: unknown }[];
  readonly window: EventTarget;
  readonly document: EventTarget & { hidden: boolean };
  readonly sent: Request[];
  readonly errors: unknown[];
  /** The answer of the tab's `fetch`. */
  respond: (request: Request) => Response | Promise<Response>;
  online: boolean;
  /** As a browser does it: the event first, then no timer fires any more. */
  freeze(): void;
  thaw(): void;
  count(name: SessionEventName): number;
}

export interface Harness {
  readonly server: FakeServer;
  readonly storage: Map<string, string>;
  readonly messages: unknown[];
  openTab(options?: Partial<SessionOptions<User>>, start?: boolean): Tab;
  /** Moves time, firing what is due, until all that follows has settled. */
  advance(ms: number): Promise<void>;
  /** Moves both clocks without firing anything on the way: a device that sleeps. */
  sleep(ms: number): Promise<void>;
  now(): number;
  timers(): number;
  random: () => number;
  /** Whether each tab finds the cookie that says that there is a session. */
  hasSessionCookie: boolean | undefined;
  /** How far the wall clock is ahead. */
  skewMs: number;
}

interface Timer {
  readonly at: number;
  readonly fire: () => void;
  readonly owner: { frozen: boolean };
}

/** The wall clock at first. */
export const EPOCH = 1_800_000_000_000;

/** Lets everything that waits for promises alone go on. */
export async function settled(): Promise<void> {
  // Reading a response body takes several turns of the event loop.
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function createHarness(): Harness {
  let time = 0;
  let timers: Timer[] = [];
  const storage = new Map<string, string>();
  const channels = new Set<SessionChannel>();
  const tabs: { readonly window: EventTarget }[] = [];
  const messages: unknown[] = [];
  const locks = createLocks();

  function setTimer(owner: Timer["owner"], fire: () => void, delayMs: number): () => void {
    const timer = { at: time + Math.max(0, delayMs), fire, owner };
    timers.push(timer);
    return () => void (timers = timers.filter((other) => other !== timer));
  }

  const server = createFakeServer({
    now: () => time,
    wait: (ms) => new Promise((resolve) => setTimer({ frozen: false }, resolve, ms)),
  });

  const harness: Harness = {
    server,
    storage,
    messages,
    random: () => 0.5,
    hasSessionCookie: true,
    skewMs: 0,
    now: () => time,
    timers: () => timers.length,
    openTab(options = {}, start = true) {
      const owner = { frozen: false };
      const window = new EventTarget();
      const document = Object.assign(new EventTarget(), { hidden: false });
      tabs.push({ window });
      const environment: SessionEnvironment = {
        now: () => ({ date: EPOCH + time + harness.skewMs, perf: time }),
        random: () => harness.random(),
        setTimer: (fire, delayMs) => setTimer(owner, fire, delayMs),
        fetch: async (input, init) => {
          const request = new Request(input, init);
          tab.sent.push(request);
          return await tab.respond(request);
        },
        window,
        document,
        isOnline: () => tab.online,
        locks: locks as Pick<LockManager, "request">,
        storage: {
          getItem: (key) => storage.get(key) ?? null,
          setItem(key, value) {
            storage.set(key, value);
            for (const other of tabs) {
              if (other.window === window) continue;
              queueMicrotask(() =>
                other.window.dispatchEvent(Object.assign(new Event("storage"), { key }))
              );
            }
          },
        },
        hasSessionCookie: () => harness.hasSessionCookie,
        openChannel: () => {
          const channel: SessionChannel = {
            onmessage: null,
            close: () => void channels.delete(channel),
            postMessage(data) {
              messages.push(data);
              for (const other of channels) {
                if (other === channel) continue;
                const copy = structuredClone(data);
                queueMicrotask(() =>
                  other.onmessage?.(new MessageEvent("message", { data: copy }))
                );
              }
            },
          };
          channels.add(channel);
          return channel;
        },
        reportError: (error) => void tab.errors.push(error),
      };
      const session = createSession<User>({
        transport: server.transport,
        ...options,
        environment: { ...environment, ...options.environment },
      });
      const tab: Tab = {
        session,
        events: [],
        window,
        document,
        sent: [],
        errors: [],
        respond: () => new Response("ok"),
        online: true,
        freeze() {
          document.dispatchEvent(new Event("freeze"));
          owner.frozen = true;
        },
        thaw() {
          owner.frozen = false;
          document.dispatchEvent(new Event("resume"));
        },
        count: (name) => tab.events.filter((event) => event.name === name).length,
      };
      for (const name of EVENT_NAMES) {
        session.on(name, (detail) => void tab.events.push({ name, detail }));
      }
      if (start) session.start();
      return tab;
    },
    async advance(ms) {
      const end = time + ms;
      for (;;) {
        await settled();
        const due = timers.filter(({ at, owner }) => at <= end && !owner.frozen)
          .reduce<Timer | null>((first, next) => first && first.at <= next.at ? first : next, null);
        if (!due) break;
        time = Math.max(time, due.at);
        timers = timers.filter((timer) => timer !== due);
        due.fire();
      }
      time = end;
      await settled();
    },
    async sleep(ms) {
      time += ms;
      await harness.advance(0);
    },
  };
  return harness;
}

const EVENT_NAMES: readonly SessionEventName[] = [
  "state",
  "session-refreshed",
  "session-warning",
  "session-warning-cleared",
  "session-ended",
  "signed-in",
  "signed-out",
  "user-changed",
  "suspended",
  "recovery",
  "offline",
  "online",
  "queue",
];
