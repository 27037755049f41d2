/**
 * Everything that an app would log, as typed events, and the diagnosis that is kept of them. Never
 * a token, never a user's data but the id.
 *
 * @module
 */

import type { SessionUser, Trigger } from "./outcome.ts";
import type { Reason, SessionSnapshot, SessionWarning } from "./snapshot.ts";
import type { UnifiedAuthUser } from "./views.ts";

/**
 * The events of a client and what each tells.
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
  /** The server said that the session is over. */
  "session-ended": { readonly reason: Reason | null; readonly sessionLengthMs: number | null };
  /** Somebody signed in. Never for a return to the tab. */
  "signed-in": { readonly userId: string; readonly source: "self" | "peer" };
  /** Somebody signed out. */
  "signed-out": { readonly source: "self" | "peer"; readonly sessionLengthMs: number | null };
  /** Another person signed in; waiting calls were turned away. */
  "user-changed": { readonly from: string; readonly to: string };
  /** The page stood still: sleep, a frozen tab, a debugger. */
  suspended: { readonly elapsedMs: number; readonly expectedMs: number };
  /** The server was asked. */
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
  /** What it told. */
  readonly detail: unknown;
}
