/**
 * What a server can say about a session, and the interface of whatever asks it. An expected answer
 * is a value of a closed union; only `rejected` can ever take a session away.
 *
 * @module
 */

/** The least that the client must know of a user: who it is. */
export interface SessionUser {
  readonly id: string;
}

/** Why the server says that there is no session (any more). */
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

/** The server verified the session. All times are durations, counted from when it was asked. */
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
  /** What the next proof of the browser's key must be signed over. No secret. */
  readonly challenge?: string | undefined;
}

/** A verified *no*. */
export interface Rejected {
  readonly kind: "rejected";
  readonly reason: RejectReason;
}

/** The server asks for patience (429, 503). */
export interface Busy {
  readonly kind: "busy";
  readonly retryAfterMs?: number | undefined;
}

/** No verdict: the network, a timeout, a broken server, or something that is not our server. */
export interface Unavailable {
  readonly kind: "unavailable";
  /** `key`: the server wants a proof of a key that cannot be read now. */
  readonly cause: "network" | "timeout" | "server" | "protocol" | "key";
  readonly status?: number | undefined;
}

/** The four answers to "is this browser signed in?". */
export type Outcome<U extends SessionUser> = Valid<U> | Rejected | Busy | Unavailable;

/** A sign-in that the server refused: wrong password, a second factor missing, and so on. */
export interface Refused {
  readonly kind: "refused";
  /** The server's code, such as `invalid_credentials` or `mfa_required`. */
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly retryAfterMs?: number | undefined;
}

export type LoginOutcome<U extends SessionUser> = Valid<U> | Refused | Busy | Unavailable;

/**
 * `done`: the session is over and its cookies are gone. `rejected`, with `key-lost`: the cookies are gone,
 * but without its key this browser may not end other sessions. The others are answers to repeat until
 * one of these comes.
 */
export type LogoutOutcome = { readonly kind: "done" } | Rejected | Busy | Unavailable;

/** `local` ends this session, `others` all but this one, `global` all of the user's. */
export type LogoutScope = "local" | "others" | "global";

/** What made the client ask. */
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
  | "extend"
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
  /** What this browser knows of its session; undefined where it knows of none. */
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
