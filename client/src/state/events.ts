/**
 * Everything that an app would log, as typed events, and the latest of them, kept as a diagnosis.
 * Neither holds a token, nor any of a user's data but the id. A listener that throws is reported, and
 * the others are still called.
 *
 * @module
 */

import type { SessionEnvironment } from "../environment.ts";
import type { SessionUser, Trigger } from "../transport/outcome.ts";
import type { Reason, SessionSnapshot, SessionWarning } from "./snapshot.ts";
import type { UnifiedAuthUser } from "../transport/views.ts";

/**
 * The events of a client and the detail of each.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * auth.on("signed-out", ({ source }) => console.log(source === "peer" ? "in another tab" : "here"));
 * ```
 */
export interface SessionEvents<U extends SessionUser = UnifiedAuthUser> {
  /** Something visible changed. */
  state: SessionSnapshot<U>;
  /** There is a fresh access token, fetched by this tab or by another. Not for signing in. */
  "session-refreshed": { readonly generation: number; readonly source: "self" | "peer" };
  /** A warning appeared (not for each minute of its countdown). */
  "session-warning": SessionWarning;
  /** A warning went. */
  "session-warning-cleared": { readonly kind: SessionWarning["kind"] };
  /** The server said that the session has ended. */
  "session-ended": { readonly reason: Reason | null; readonly sessionLengthMs: number | null };
  /** Somebody signed in. Never for a return to the tab. */
  "signed-in": { readonly userId: string; readonly source: "self" | "peer" };
  /** Somebody signed out. */
  "signed-out": { readonly source: "self" | "peer"; readonly sessionLengthMs: number | null };
  /** Another person signed in; waiting calls were turned away. */
  "user-changed": { readonly from: string; readonly to: string };
  /** The page stood still: sleep, a frozen tab, a debugger. */
  suspended: { readonly elapsedMs: number; readonly expectedMs: number };
  /** A request to the server has been answered, or has failed. */
  recovery: {
    readonly trigger: Trigger;
    readonly action: "validate" | "refresh" | "logout";
    readonly outcome: "valid" | "rejected" | "busy" | "unavailable" | "done";
    /** Where there was no answer: why. */
    readonly cause?: string | undefined;
    readonly durationMs: number;
  };
  /** The network went. */
  offline: null;
  /** The network came back. */
  online: null;
  /** Calls began to wait, went out, or were turned away. */
  queue: { readonly size: number; readonly flushed: number; readonly rejected: number };
}

/**
 * The name of an event.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const names = ["signed-in", "signed-out"] as const;
 * for (const name of names) auth.on(name, () => console.log(name));
 * ```
 */
export type SessionEventName = keyof SessionEvents;

/**
 * One line of the diagnosis: an event, without the user's data.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * for (const { at, event, detail } of auth.diagnostics()) console.log(new Date(at), event, detail);
 * ```
 */
export interface DiagnosticEntry {
  /** By this device's clock, milliseconds since the epoch. */
  readonly at: number;
  /** Its name. */
  readonly event: SessionEventName;
  /** The event's detail. */
  readonly detail: unknown;
}

export interface Emitter<Events> {
  /** Adds a listener; the returned function removes it. */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void;
  emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void;
}

/** A set of functions that are called in turn, each on its own. */
export interface Listeners<Detail> {
  add(listener: (detail: Detail) => void): () => void;
  call(detail: Detail): void;
}

export function createListeners<Detail>(reportError: (error: unknown) => void): Listeners<Detail> {
  const listeners = new Set<{ readonly listener: (detail: Detail) => void }>();
  return {
    add(listener) {
      // Wrapped, so that one function added twice is called twice and removed one at a time.
      const entry = { listener };
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    call(detail) {
      for (const { listener } of [...listeners]) {
        try {
          listener(detail);
        } catch (error) {
          reportError(error);
        }
      }
    },
  };
}

export function createEmitter<Events>(reportError: (error: unknown) => void): Emitter<Events> {
  const byName: { [Name in keyof Events]?: Listeners<Events[Name]> } = {};
  return {
    on: (name, listener) => (byName[name] ??= createListeners(reportError)).add(listener),
    emit: (name, detail) => byName[name]?.call(detail),
  };
}

const KEPT = 100;

/** Wraps `emitter` so that what passes is also kept, up to a bound. */
export function keepDiagnostics<U extends SessionUser>(
  emitter: Emitter<SessionEvents<U>>,
  { now }: Pick<SessionEnvironment, "now">,
): { readonly emitter: Emitter<SessionEvents<U>>; entries(): readonly DiagnosticEntry[] } {
  const kept: DiagnosticEntry[] = [];
  return {
    emitter: {
      on: emitter.on,
      emit(name, detail) {
        const { user: _, ...rest } = { user: null, ...detail };
        kept.push({ at: now().date, event: name, detail: rest });
        if (kept.length > KEPT) kept.shift();
        emitter.emit(name, detail);
      },
    },
    entries: () => [...kept],
  };
}
