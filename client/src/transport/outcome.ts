/**
 * A server's possible answers about a session, and the interface of the transport that asks it. An expected answer
 * is a value of a closed union; only `rejected` can ever take a session away.
 *
 * @module
 */

/**
 * The least that the client must know of a user: who it is.
 *
 * @example
 * ```ts
 * import type { SessionUser } from "@unified-auth/client";
 *
 * const nobodyYet: SessionUser = { id: "00000000-0000-0000-0000-000000000000" };
 * ```
 */
export interface SessionUser {
  /** The user's id, as in `auth.users`. */
  readonly id: string;
}

/**
 * Why the server says that there is no session (any more).
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * auth.on("session-ended", ({ reason }) => {
 *   if (reason === "evicted") console.log("signed in on too many devices");
 * });
 * ```
 */
export type RejectReason =
  | "revoked"
  | "evicted"
  | "expired"
  | "not-found"
  | "reused"
  | "banned"
  /** The session lives, but this browser has lost the key to which it is bound. */
  | "key-lost"
  /** The browser sent no cookie that the server knows. Another answer may still follow. */
  | "no-session";

/** The server verified the session. All times are durations, counted from when the request was sent. */
export interface Valid<U extends SessionUser> {
  readonly kind: "valid";
  readonly user: U;
  readonly sessionId: string;
  /** Counts the rotations of the session, from the server. */
  readonly generation: number;
  /** Whether this answer brought a fresh access token. */
  readonly refreshed: boolean;
  readonly accessExpiresInMs: number;
  /** When the session ends unless it is refreshed. */
  readonly sessionEndsInMs?: number | undefined;
  readonly sessionAgeMs?: number | undefined;
  /** Only where the server exposes it. Kept in memory, never shared, never stored. */
  readonly accessToken?: string | undefined;
  /** The challenge that the next proof of the browser's key must sign. No secret. */
  readonly challenge?: string | undefined;
}

/**
 * A refusal that is certainly the server's own.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.devices.list();
 * if (outcome.kind === "rejected") console.log(outcome.reason);
 * ```
 */
export interface Rejected {
  /** Tells the outcomes apart. */
  readonly kind: "rejected";
  /** Why. */
  readonly reason: RejectReason;
}

/**
 * The server asks for patience (429, 503).
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.devices.list();
 * if (outcome.kind === "busy") console.log("again in", outcome.retryAfterMs, "ms");
 * ```
 */
export interface Busy {
  /** Tells the outcomes apart. */
  readonly kind: "busy";
  /** How long, where the server says so. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * No answer: the network, a timeout, a broken server, or something that is not our server.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signOut();
 * if (outcome.kind === "unavailable") console.log("the request is repeated:", outcome.cause);
 * ```
 */
export interface Unavailable {
  /** Tells the outcomes apart. */
  readonly kind: "unavailable";
  /**
   * `key`: the server wants a proof of a key that cannot be read now. `request`: the request could not be
   * made, which is a fault of the app's set-up and was reported to the console.
   */
  readonly cause: "network" | "timeout" | "server" | "protocol" | "key" | "request";
  /** Of the HTTP answer, where there was one. */
  readonly status?: number | undefined;
}

/** The four answers to "is this browser signed in?". */
export type Outcome<U extends SessionUser> = Valid<U> | Rejected | Busy | Unavailable;

/**
 * A sign-in that was refused: wrong password, a second factor missing, and so on.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.withPassword({ email: "ada@example.com", password: "…" });
 * if (outcome.kind === "refused") console.log(outcome.code, outcome.message);
 * ```
 */
export interface Refused {
  /** Tells the outcomes apart. */
  readonly kind: "refused";
  /**
   * The server's code, such as `invalid_credentials` or `mfa_required`; or `cookies-refused`, where the
   * browser does not keep the session's cookies.
   */
  readonly code: string;
  /** Words for the person. */
  readonly message: string;
  /** Of the HTTP answer. */
  readonly status: number;
  /** How long to wait before the next try, where the server says so. */
  readonly retryAfterMs?: number | undefined;
}

export type LoginOutcome<U extends SessionUser> = Valid<U> | Refused | Busy | Unavailable;

/**
 * The outcome of a sign-out. `done`: the session has ended and its cookies are gone. `rejected`, with
 * `key-lost`: the cookies are gone, but without its key this browser may not end other sessions. The
 * others are answers to repeat until one of these comes.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { kind } = await auth.signOut({ scope: "global" });
 * console.log(kind);
 * ```
 */
export type LogoutOutcome = { readonly kind: "done" } | Rejected | Busy | Unavailable;

/**
 * `local` ends this session, `others` all but this one, `global` all of the user's.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * await auth.signOut({ scope: "others" });
 * ```
 */
export type LogoutScope = "local" | "others" | "global";

/**
 * The reason why the client asked.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * auth.on("recovery", ({ trigger, outcome }) => console.log(trigger, outcome));
 * ```
 */
export type Trigger =
  | "start"
  | "tick"
  | "visibility"
  | "focus"
  | "pageshow"
  | "resume"
  | "online"
  | "suspended"
  | "manual"
  | "token"
  | "fetch"
  | "unauthorized"
  | "sign-in"
  | "sign-out";

/** One call of a transport. */
export interface Call {
  /** Aborts at `requestTimeoutMs`. It never aborts because a page is hidden, frozen or disposed. */
  readonly signal: AbortSignal;
  readonly trigger: Trigger;
  /** This browser's session as far as it knows; undefined where it knows of none. */
  readonly session?: { readonly challenge: string | undefined } | undefined;
}

/**
 * Whatever asks the server. `createHttpTransport` speaks to Unified Auth; anything else that keeps
 * the four outcomes apart will do. `refresh` must be safe to repeat: the browser itself repeats it.
 */
export interface Transport<U extends SessionUser> {
  /** Is this browser signed in? The server may refresh in the same round trip. */
  validate(call: Call): Promise<Outcome<U>>;
  refresh(call: Call): Promise<Outcome<U>>;
  logout(call: Call & { readonly scope: LogoutScope }): Promise<LogoutOutcome>;
}
