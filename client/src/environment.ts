/**
 * Everything that the client takes from the world: clocks, timers, chance, network, page, tabs,
 * storage. One object, so that a test (or another platform) can give its own. It must not know what
 * a session is.
 *
 * @module
 */

import type { Instant } from "./clock.ts";

/** What the client uses of a `BroadcastChannel`. */
export interface SessionChannel {
  onmessage: ((event: MessageEvent) => unknown) | null;
  postMessage(message: unknown): void;
  close(): void;
}

export interface SessionEnvironment {
  now(): Instant;
  /** At least 0 and less than 1. */
  random(): number;
  /** Calls `fire` once after `delayMs`; the returned function calls it off. */
  setTimer(fire: () => void, delayMs: number): () => void;
  fetch(request: Request): Promise<Response>;
  /** Source of `focus`, `pageshow`, `pagehide`, `online`, `offline` and `storage`. */
  readonly window: EventTarget | null;
  /** Source of `visibilitychange`, `freeze` and `resume`. */
  readonly document: (EventTarget & { readonly hidden: boolean }) | null;
  isOnline(): boolean;
  readonly locks: Pick<LockManager, "request"> | null;
  readonly storage: Pick<Storage, "getItem" | "setItem"> | null;
  /** Null where there are no channels. */
  openChannel(name: string): SessionChannel | null;
  /** Receives what a listener of the app throws. */
  reportError(error: unknown): void;
}

/**
 * The browser's own; on a server, where there is no page, what there is. Globals are read when they
 * are used and never kept, so that whatever replaces them later (a test, a tracer) is seen.
 */
export function browserEnvironment(): SessionEnvironment {
  const { document, navigator } = globalThis;
  return {
    now: () => ({ date: Date.now(), perf: performance.now() }),
    random: () => Math.random(),
    setTimer: (fire, delayMs) => {
      const timer = setTimeout(fire, delayMs);
      return () => clearTimeout(timer);
    },
    fetch: (request) => fetch(request),
    window: document ? globalThis : null,
    document: document ?? null,
    isOnline: () => navigator?.onLine !== false,
    locks: navigator?.locks ?? null,
    storage: document ? localStorageOrNull() : null,
    openChannel: (name) =>
      document && globalThis.BroadcastChannel ? new BroadcastChannel(name) : null,
    reportError: (error) => globalThis.reportError?.(error),
  };
}

/** Reading `localStorage` throws where the person has blocked site data. */
function localStorageOrNull(): Storage | null {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}
