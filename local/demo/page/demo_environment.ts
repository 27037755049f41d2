/**
 * The environment of the demo's session: the browser's own, with a clock that can jump and a
 * network that can go away, because a person who tries the demo has no two hours to sleep.
 *
 * @module
 */

import type { SessionEnvironment } from "../../../client/src/environment.ts";

export interface DemoEnvironment {
  readonly environment: Pick<SessionEnvironment, "now" | "fetch" | "isOnline">;
  /** The clock jumps and the page notices that somebody is back. */
  sleep(milliseconds: number): void;
  readonly offline: boolean;
  setOffline(offline: boolean): void;
}

export function createDemoEnvironment(): DemoEnvironment {
  let sleptMs = 0;
  let offline = false;
  return {
    environment: {
      // Not the wall clock, by which the tabs date what they share: one that is ahead in one tab would
      // make each refresh of it two hours old in the others, and theirs in it, forever.
      now: () => ({ date: Date.now(), perf: performance.now() + sleptMs }),
      isOnline: () => !offline && navigator.onLine,
      fetch: (input, init) =>
        offline ? Promise.reject(new TypeError("Failed to fetch")) : fetch(input, init),
    },
    sleep(milliseconds) {
      sleptMs += milliseconds;
      globalThis.dispatchEvent(new Event("focus"));
    },
    get offline() {
      return offline;
    },
    setOffline(now) {
      offline = now;
      globalThis.dispatchEvent(new Event(now ? "offline" : "online"));
    },
  };
}
