/**
 * The session as an app holds it: to look at, to listen to and to call. Only its shape is here;
 * `create_session.ts` puts it together.
 *
 * @module
 */

import type { DiagnosticEntry, SessionEventName, SessionEvents } from "../state/events.ts";
import type {
  Call,
  LogoutOutcome,
  LogoutScope,
  Refused,
  Rejected,
  SessionUser,
  Trigger,
  Unavailable,
  Valid,
} from "../transport/outcome.ts";
import type { InitialSession } from "../server/initial_session.ts";
import type { SessionSnapshot } from "../state/snapshot.ts";
import type { Status } from "../state/transition.ts";
import type { UnifiedAuthUser } from "../transport/views.ts";

/**
 * How `auth.fetch` treats one call.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * await auth.fetch("/api/drafts", { method: "POST", body: "…", as: "user-after-sign-in" });
 * ```
 */
export interface FetchOptions {
  /**
   * As whom the call goes out.
   *
   * - `"user"`: as the person who is signed in. It waits while the session is being verified, and is turned away
   *   where nobody is signed in.
   * - `"anyone"`: it waits while the session is being verified, and then goes out in either case.
   * - `"user-after-sign-in"`: as `"user"`, but where the session has ended it waits until the same person signs in.
   * - `"unchecked"`: it goes out at once.
   *
   * @default {"user"}
   */
  readonly as?: "user" | "anyone" | "user-after-sign-in" | "unchecked" | undefined;
  /** Whether the call is sent once more when its token was refused. @default {true} */
  readonly replay?: boolean | undefined;
  /**
   * How long it may wait for the session in all, in milliseconds. The time while it is out does not
   * count, nor the time until a person signs in. @default {15000}
   */
  readonly timeoutMs?: number | undefined;
}

/**
 * The options of the global `fetch`, and those of `auth.fetch`.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const response = await auth.fetch("/api/prices", { as: "anyone", timeoutMs: 5_000 });
 * console.log(response.status);
 * ```
 */
export interface AuthRequestInit extends RequestInit, FetchOptions {}

/**
 * How an access token is asked for.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const token = await auth.getAccessToken({ minTtlMs: 60_000 });
 * console.log(token === null);
 * ```
 */
export interface AccessTokenOptions {
  /** For how long the token must still live; at most half of its life is granted. @default {0} */
  readonly minTtlMs?: number | undefined;
  /** Gives up the wait. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The argument of an `onRefreshed` hook.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * auth.onRefreshed(({ generation, first }) => console.log(generation, first));
 * ```
 */
export interface RefreshedDetail {
  /** Rotations of the session. */
  readonly generation: number;
  /** Whether this tab fetched the token, or another. */
  readonly source: "self" | "peer";
  /** The first access token that this page knows of: after a start or a sign-in. */
  readonly first: boolean;
}

/**
 * Signals of the platform that an app may pass on where the client does not see them itself.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * // React Native: AppState.addEventListener("change", (state) => …)
 * await auth.check("resume");
 * ```
 */
export type CheckTrigger = Extract<
  Trigger,
  "manual" | "visibility" | "focus" | "pageshow" | "resume" | "online" | "suspended"
>;

/**
 * The client but for the ways to sign in and the devices, which go by the HTTP API.
 *
 * @example
 * ```ts
 * import { createAuthClient, type SessionClient } from "@unified-auth/client";
 *
 * const auth: SessionClient = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * console.log(auth.status);
 * ```
 */
export interface SessionClient<U extends SessionUser = UnifiedAuthUser> {
  /** The person, also while `degraded` and after the session `ended`; null where nobody is known. */
  readonly user: U | null;
  /** How the session stands. */
  readonly status: Status;
  /** Everything that is known, the same object until something visible changes. */
  getSnapshot(): SessionSnapshot<U>;
  /** The snapshot that a server renders, and the browser at hydration: always the same object. */
  getServerSnapshot(): SessionSnapshot<U>;
  /** Calls `listener` now and after each visible change; the returned function ends it. */
  subscribe(listener: (snapshot: SessionSnapshot<U>) => void): () => void;
  /** Calls `listener` for each event of that name; the returned function ends it. */
  on<Name extends SessionEventName>(
    name: Name,
    listener: (detail: SessionEvents<U>[Name]) => void,
  ): () => void;

  /** Resolves once the server has answered for the first time, or could not be reached. Never rejects. */
  ready(): Promise<SessionSnapshot<U>>;
  /** Finds out how the session stands, unless that is known well enough. Never rejects. */
  check(trigger?: CheckTrigger): Promise<SessionSnapshot<U>>;
  /** Gets a fresh access token now, due or not: the button "stay signed in". Never rejects. */
  refresh(): Promise<SessionSnapshot<U>>;

  /**
   * Signs out, on this page at once; the request to the server is repeated until it answers, and ends no session
   * that has begun since. `others` leaves this session as it is and asks the server once.
   */
  signOut(options?: { readonly scope?: LogoutScope | undefined }): Promise<LogoutOutcome>;
  /**
   * As the global `fetch`, but waits while the session is being verified, and sends a call once more
   * whose access token was refused.
   *
   * @throws {SessionEndedError} If nobody is signed in, or somebody else by now.
   * @throws {SessionUnavailableError} If the session could not be verified before the deadline.
   * @throws {SessionBusyError} If `queueMax` calls wait already.
   */
  fetch(input: string | URL | Request, init?: AuthRequestInit): Promise<Response>;
  /**
   * The access token, where the server exposes it. Null when nobody is signed in or the server does
   * not expose tokens; never because of an outage.
   *
   * @throws {SessionEndedError} If the server said that the session has ended, or the person who asked has gone.
   * @throws {SessionUnavailableError} If the server cannot be reached.
   */
  getAccessToken(options?: AccessTokenOptions): Promise<string | null>;
  /**
   * Calls `hook` with each fresh access token, of this tab or another, before waiting calls go out;
   * they wait for it, for two seconds at most. It must not wait for `auth.fetch` itself.
   */
  onRefreshed(hook: (detail: RefreshedDetail) => void | Promise<void>): () => void;

  /** Closes the present warning, until the session is refreshed. */
  dismissWarning(): void;
  /** The latest events, oldest first, without tokens and without the user's data. */
  diagnostics(): readonly DiagnosticEntry[];

  /**
   * Takes the session as a server knew it when it rendered the page, for the first paint. Newer knowledge of this
   * browser wins. Does nothing where the client is not started.
   */
  hydrate(initial: InitialSession<U>): void;
  /** Begins to listen, and asks the server. A page starts automatically; a worker or an app without a page calls it. */
  start(): void;
  /** Lets go of timers, listeners and waiting calls. Requests under way still end. */
  dispose(): void;
}

/** A session over any transport, with the ways into it that the HTTP API's parts use. */
export interface Session<U extends SessionUser> extends SessionClient<U> {
  /** Signs in by `login`, while no tab sends another request. Only a valid answer changes the state. */
  signIn<T extends { readonly kind: string }>(
    login: (call: Call) => Promise<Valid<U> | T>,
  ): Promise<Valid<U> | T | Refused | Unavailable>;
  /** Calls the API as anybody, at once. */
  ask<T extends { readonly kind: string }>(
    send: (call: Call) => Promise<T>,
  ): Promise<T | Unavailable>;
  /**
   * Calls the API as the person who is signed in, once more where the access token was refused; never as
   * another who has signed in meanwhile.
   */
  request<T extends { readonly kind: string }>(
    send: (call: Call) => Promise<T>,
  ): Promise<T | Rejected | Unavailable>;
}
