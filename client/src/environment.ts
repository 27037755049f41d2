/**
 * Everything that the client takes from its surroundings: clocks, timers, randomness, network, page, tabs,
 * storage. One object, so that a test (or another platform) can give its own. Beside it stands what
 * browsers lack or get wrong: time over two clocks, and abort signals of older ones.
 *
 * @module
 */

/**
 * The part of a `BroadcastChannel` that the client uses.
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
 * The parts of the platform that the client uses. Any may throw when it is used: a browser that blocks a site's
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
  readonly locks: {
    request<T>(
      name: string,
      options: { readonly signal?: AbortSignal; readonly ifAvailable?: boolean },
      run: (lock: object | null) => T,
    ): Promise<Awaited<T>>;
  } | null;
  /** The storage that all tabs of an origin share, or null. */
  readonly storage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
  } | null;
  /**
   * Whether the backend's readable cookie is there, which says that there is a session. Undefined where it
   * cannot be read: without a page, or for a backend on another host.
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
  const { navigator, document: found } = globalThis;
  // A program without a page may have a `document` too, put there for some library's sake.
  const document = [found, globalThis].every((target) => target && "addEventListener" in target)
    ? found
    : null;
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
    // Firefox throws a SecurityError where cookies are blocked. On a server it would reach other visitors.
    openChannel: (name) =>
      orNull(() =>
        document || "WorkerGlobalScope" in globalThis ? new BroadcastChannel(name) : null
      ),
    // Outside a page it counts as uncaught: Deno ends the program, Bun fails it.
    reportError: (error) =>
      document && globalThis.reportError ? globalThis.reportError(error) : console.error(error),
  };
}

/**
 * The address against which a path is resolved: that of the page or the worker. Not the document's base, which may
 * lead to another host; where the address is `about:srcdoc` or a `blob:`, the origin that it stands for.
 */
export function ownAddress(): string | undefined {
  const { location, origin } = globalThis;
  return /^(about|blob):/.test(location?.href) ? origin : location?.href;
}

/** Null where a part of the platform is missing or may not be used. */
function orNull<T>(read: () => T | null | undefined): T | null {
  try {
    return read() ?? null;
  } catch {
    return null;
  }
}

/**
 * One moment, read from the wall clock and from the monotonic clock.
 *
 * @example
 * ```ts
 * import type { Instant } from "@unified-auth/client";
 *
 * const instant: Instant = { date: Date.now(), perf: performance.now() };
 * ```
 */
export interface Instant {
  /** `Date.now()`: goes on while the device sleeps, jumps when somebody sets the clock. */
  readonly date: number;
  /** `performance.now()`: never jumps, but stops while some devices sleep. */
  readonly perf: number;
}

const CLOCK_STEP_TOLERANCE_MS = 5_000;
const LONGEST_CREDIBLE_MS = 30 * 86_400_000;

/**
 * Milliseconds from `since` until `now`: the longer of what the two clocks say, so that a sleeping
 * device and a stopped clock both count. `Infinity` when the wall clock was set back by more than
 * 5 s or forward by more than 30 days: nothing is known then, and only the server can tell.
 */
export function elapsedMs(since: Instant, now: Instant): number {
  const wall = now.date - since.date;
  return wall < -CLOCK_STEP_TOLERANCE_MS || wall > LONGEST_CREDIBLE_MS
    ? Infinity
    : Math.max(wall, now.perf - since.perf);
}

/** The instant that a record of another tab, which has its own monotonic clock, calls `date`. */
export function instantAt(date: number, now: Instant): Instant {
  return { date, perf: now.perf - (now.date - date) };
}

/** As `work`, but rejects at once when `signal` aborts; the work itself goes on. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  refuseAborted(signal);
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(reasonOf(signal));
    signal.addEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener("abort", onAbort);
  }
}

/** As `signal.throwIfAborted()`, which Chrome before 100 and Safari before 15.4 lack. */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}

/** As `signal.reason`, which Chrome before 98 lacks. */
export function reasonOf(signal: AbortSignal): unknown {
  // React Native has no DOMException.
  return signal.reason ??
    Object.assign(new Error("The operation was aborted"), { name: "AbortError" });
}
