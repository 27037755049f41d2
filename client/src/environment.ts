/**
 * Everything that the client takes from its surroundings: clocks, timers, randomness, network, page, tabs,
 * storage. One object, so that a test (or another platform) can give its own.
 *
 * @module
 */

import type { Instant } from "./clock.ts";

/**
 * What the client uses of a `BroadcastChannel`.
 *
 * @example
 * ```ts
 * import type { SessionChannel } from "@unified-auth/client";
 *
 * const silent: SessionChannel = { onmessage: null, postMessage() {}, close() {} };
 * ```
 */
export interface SessionChannel {
  /** Receives what other tabs post. */
  onmessage: ((event: MessageEvent) => unknown) | null;
  /** Sends a message to the other tabs. */
  postMessage(message: unknown): void;
  /** Ends both. */
  close(): void;
}

/**
 * What the client uses of the platform. Any part may throw when it is used: a browser that blocks a site's
 * data throws from channels, storage and locks alike, and the session works without them.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * export const auth = createAuthClient({
 *   baseUrl: "https://project.supabase.co/functions/v1/unified-auth",
 *   unstable_environment: { isOnline: () => true, openChannel: () => null },
 * });
 * ```
 */
export interface SessionEnvironment {
  /** The current moment by both clocks. */
  now(): Instant;
  /** At least 0 and less than 1. */
  random(): number;
  /** Calls `fire` once after `delayMs`; the returned function calls it off. */
  setTimer(fire: () => void, delayMs: number): () => void;
  /** Sends a request, of the client or of `auth.fetch`. */
  fetch(input: string | Request, init?: RequestInit): Promise<Response>;
  /** Source of `focus`, `pageshow`, `pagehide`, `online`, `offline` and `storage`. */
  readonly window: EventTarget | null;
  /** Source of `visibilitychange`, `freeze` and `resume`. */
  readonly document: (EventTarget & { readonly hidden: boolean }) | null;
  /** Whether the device believes that it has a network. */
  isOnline(): boolean;
  /** The locks that all tabs of an origin share, or null. */
  readonly locks: Pick<LockManager, "request"> | null;
  /** The storage that all tabs of an origin share, or null. */
  readonly storage: Pick<Storage, "getItem" | "setItem"> | null;
  /**
   * Whether the backend's readable cookie is there, which says that there is a session. Undefined where it
   * cannot be read: without a page, or for a backend on another origin.
   */
  hasSessionCookie(): boolean | undefined;
  /** Null where there are no channels. */
  openChannel(name: string): SessionChannel | null;
  /** Receives what a listener of the app throws, and what is wrong with the app's set-up. */
  reportError(error: unknown): void;
}

/**
 * The browser's own; on a server, where there is no page, what there is. Globals are read when they
 * are used and never kept, so that whatever replaces them later (a test, a tracer) is seen.
 */
export function browserEnvironment(): SessionEnvironment {
  const { document = null, navigator } = globalThis;
  return {
    now: () => ({ date: Date.now(), perf: performance.now() }),
    random: () => Math.random(),
    setTimer: (fire, delayMs) => {
      const timer = setTimeout(fire, delayMs);
      return () => clearTimeout(timer);
    },
    fetch: (input, init) => fetch(input, init),
    window: document ? globalThis : null,
    document,
    isOnline: () => navigator?.onLine !== false,
    locks: orNull(() => navigator.locks),
    storage: orNull(() => document && globalThis.localStorage),
    hasSessionCookie: () => undefined,
    // Firefox throws a SecurityError where cookies are blocked.
    openChannel: (name) => orNull(() => document && new BroadcastChannel(name)),
    reportError: (error) =>
      globalThis.reportError ? globalThis.reportError(error) : console.error(error),
  };
}

/** Null where a part of the platform is missing or may not be used. */
function orNull<T>(read: () => T | null | undefined): T | null {
  try {
    return read() ?? null;
  } catch {
    return null;
  }
}
