/**
 * The session as an app holds it: one object to start, look at, listen to and ask. Only its shape is
 * here; `create_session.ts` puts it together.
 *
 * @module
 */

import type { DiagnosticEntry, SessionEventName, SessionEvents } from "./events.ts";
import type {
  Call,
  LoginOutcome,
  LogoutOutcome,
  LogoutScope,
  SessionUser,
  Trigger,
} from "./outcome.ts";
import type { SessionSnapshot } from "./snapshot.ts";

/** How `session.fetch` treats one call. */
export interface SessionFetchOptions {
  /**
   * Whether the call waits while the session is in doubt: `true`, `false` (it goes out at once), or
   * `"until-login"` (it also waits through `ended`, and goes out when the same user signs in).
   *
   * @default {true}
   */
  readonly queue?: boolean | "until-login";
  /** Whether the call is sent once more when its token was refused. @default {true} */
  readonly replay?: boolean;
  /**
   * How long it may wait for the session in all, in milliseconds. The time while it is out does not
   * count, nor the time until a person signs in. @default {queueMaxWaitMs}
   */
  readonly timeoutMs?: number;
}

export interface SessionRequestInit extends RequestInit {
  readonly session?: SessionFetchOptions;
}

export interface AccessTokenOptions {
  /** For how long the token must still live; at most half of its life is granted. @default {0} */
  readonly minTtlMs?: number;
  readonly signal?: AbortSignal;
}

/** What a hook of `onRefreshed` is told. */
export interface RefreshedDetail {
  readonly generation: number;
  readonly source: "self" | "peer";
  /** The first access token that this page knows of: after a start or a sign-in. */
  readonly first: boolean;
}

/** Signals of the platform that an app may pass on where the page does not see them itself. */
export type RecoverTrigger = Extract<
  Trigger,
  "manual" | "visibility" | "focus" | "pageshow" | "resume" | "online" | "suspended"
>;

export interface Session<U extends SessionUser = SessionUser> {
  /** Begins to listen, and asks the server. Does nothing while started; works after `dispose` too. */
  start(): void;
  /** Lets go of timers, listeners and waiting calls. Requests under way still end. */
  dispose(): void;

  getSnapshot(): SessionSnapshot<U>;
  /** What a server renders, and the browser at hydration: always the same object. */
  getServerSnapshot(): SessionSnapshot<U>;
  /** Calls `listener` after each visible change; the returned function ends it. */
  subscribe(listener: () => void): () => void;
  on<Name extends SessionEventName>(
    name: Name,
    listener: (detail: SessionEvents<U>[Name]) => void,
  ): () => void;

  /** Finds out how the session stands, unless that is known well enough. Never rejects. */
  recover(trigger?: RecoverTrigger): Promise<SessionSnapshot<U>>;
  /** Gets a fresh access token now, due or not. Never rejects. */
  refresh(): Promise<SessionSnapshot<U>>;
  /** The person wants to stay signed in: as `refresh`, and it counts as their wish. */
  extend(): Promise<SessionSnapshot<U>>;

  /**
   * The access token, where the server shows it. Null when nobody is signed in or the server does
   * not show tokens; it never says null because of an outage.
   *
   * @throws {SessionEndedError} If the server said that the session is over.
   * @throws {SessionUnavailableError} If nobody can say.
   */
  getAccessToken(options?: AccessTokenOptions): Promise<string | null>;
  /**
   * As the global `fetch`, but waits while the session is in doubt, and sends a call once more
   * whose access token was refused.
   *
   * @throws {SessionEndedError} If the session is over.
   * @throws {SessionUnavailableError} If the session was in doubt until the deadline.
   * @throws {SessionBusyError} If `queueMax` calls wait already.
   */
  fetch(input: RequestInfo | URL, init?: SessionRequestInit): Promise<Response>;
  /**
   * Calls `hook` with each fresh access token, of this tab or another, before waiting calls go out;
   * they wait for it, for `hookTimeoutMs` at most. It must not wait for `session.fetch` itself.
   */
  onRefreshed(hook: (detail: RefreshedDetail) => void | Promise<void>): () => void;

  /** Signs in: `session.signIn((call) => transport.login({ email, password }, call))`. */
  signIn(login: (call: Call) => Promise<LoginOutcome<U>>): Promise<LoginOutcome<U>>;
  /**
   * Signs out, on this page at once; the server is told until it answers. `others` leaves this
   * session as it is and tells the server once.
   */
  signOut(options?: { readonly scope?: LogoutScope }): Promise<LogoutOutcome>;

  /** Closes the warning that is shown, until the session is refreshed. */
  dismissWarning(): void;
  /** The latest events, oldest first, without tokens and without the user's data. */
  diagnostics(): readonly DiagnosticEntry[];
}
