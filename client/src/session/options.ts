/**
 * The options of a client, their defaults, and the check that finds a wrong one at once.
 *
 * @module
 */

import type { SessionEnvironment } from "../environment.ts";
import type { SessionUser, Transport } from "../transport/outcome.ts";
import type { InitialSession } from "../server/initial_session.ts";
import type { UnifiedAuthUser } from "../transport/views.ts";

/** Milliseconds and counts, each with its default. None may exceed 2^31 - 1. */
export const DEFAULTS = {
  heartbeatMs: 60_000,
  suspensionFactor: 2,
  visibilityDebounceMs: 1_000,
  settleMs: 150,
  revalidateAfterMs: 60_000,
  validateEveryMs: 300_000,
  verifyTtlMs: 600_000,
  refreshMarginMs: 1_200_000,
  refreshJitterMs: 900_000,
  warningMs: 300_000,
  backoffBaseMs: 1_000,
  backoffCapMs: 300_000,
  requestTimeoutMs: 15_000,
  lockWaitMs: 5_000,
  queueMax: 100,
  queueMaxWaitMs: 15_000,
  hookTimeoutMs: 2_000,
  hintTtlMs: 43_200_000,
} as const;

/** All numbers of a session. */
export type SessionNumbers = { readonly [Name in keyof typeof DEFAULTS]: number };

/**
 * Numbers that an app has no reason to change. They may change with any release.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * export const auth = createAuthClient({
 *   baseUrl: "/functions/v1/unified-auth",
 *   unstable_timing: { settleMs: 500 },
 * });
 * ```
 */
export interface UnstableTiming {
  /** How often to look whether something is due, at the least. @default {60000} */
  readonly heartbeatMs?: number | undefined;
  /** A beat that comes this many times too late means that the page was suspended. @default {2} */
  readonly suspensionFactor?: number | undefined;
  /** Signals of one return that come within this time count as one. @default {1000} */
  readonly visibilityDebounceMs?: number | undefined;
  /** Between a return and the first request: the network comes up meanwhile. 500 suits iOS. @default {150} */
  readonly settleMs?: number | undefined;
  /** A return asks the server unless any tab did so within this time. @default {60000} */
  readonly revalidateAfterMs?: number | undefined;
  /** For how long a verification counts for `sessionVerified` and `canMutate`. @default {600000} */
  readonly verifyTtlMs?: number | undefined;
  /** An access token is refreshed this long before it expires (at most a third of its life). @default {1200000} */
  readonly refreshMarginMs?: number | undefined;
  /**
   * The most by which `refreshMarginMs` differs from one access token to the next, either way, and at most
   * three quarters of it. @default {900000}
   */
  readonly refreshJitterMs?: number | undefined;
  /** The first ceiling of the waiting time after a failure; it doubles with each. @default {1000} */
  readonly backoffBaseMs?: number | undefined;
  /** The last ceiling. @default {300000} */
  readonly backoffCapMs?: number | undefined;
  /** How long to wait for another tab that asks the server. @default {5000} */
  readonly lockWaitMs?: number | undefined;
  /** How long a call of `auth.fetch` waits for the session, unless it says otherwise. @default {15000} */
  readonly queueMaxWaitMs?: number | undefined;
  /** How long a hook of `onRefreshed` may keep the waiting calls. @default {2000} */
  readonly hookTimeoutMs?: number | undefined;
  /** For how long a page may show the user of the last verification before the server answers. @default {43200000} */
  readonly hintTtlMs?: number | undefined;
}

/**
 * Options for an app's own calls and its own page.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * export const auth = createAuthClient({
 *   baseUrl: "/functions/v1/unified-auth",
 *   hint: ["email"],
 *   authorize(request, { accessToken }) {
 *     const isOurs = new URL(request.url).host === "api.example.com";
 *     if (accessToken && isOurs) request.headers.set("authorization", `Bearer ${accessToken}`);
 *     return request;
 *   },
 * });
 * ```
 */
export interface AppOptions<U extends SessionUser> {
  /** The session as a server knew it when it rendered this page; see `readSession`. */
  readonly initial?: InitialSession<U> | undefined;
  /**
   * Prepares each sending of `auth.fetch`, a replay too: the place to set `Authorization`. Look
   * at `request.url` first: the token must go nowhere else.
   */
  readonly authorize?:
    | ((request: Request, session: { accessToken: string | null }) => Request | Promise<Request>)
    | undefined;
  /**
   * Whether an answer of the app's own API means that the access token was refused, and not that a right is
   * missing. To read the body, it clones the response. By default a 401 with a code of Unified Auth or of
   * PostgREST, or with `WWW-Authenticate: Bearer error="invalid_token"`, which an API on another origin must
   * expose by `Access-Control-Expose-Headers: WWW-Authenticate`.
   */
  readonly isTokenRefused?: ((response: Response) => boolean | Promise<boolean>) | undefined;
  /** Names what tabs share; two clients on one origin need two names. @default {"session"} */
  readonly name?: string | undefined;
  /**
   * Fields of the user that are kept on this device beside the id, for the page to show before the server answers the
   * next time. @default {[]}
   */
  readonly hint?: readonly (keyof U)[] | undefined;
}

/**
 * Options of {@linkcode createAuthClient}.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * export const auth = createAuthClient({
 *   baseUrl: "https://project.supabase.co/functions/v1/unified-auth",
 *   validateEveryMs: 60_000,
 * });
 * ```
 */
export interface AuthClientOptions<U extends SessionUser = UnifiedAuthUser> extends AppOptions<U> {
  /**
   * Where the function answers: a path of the app's own origin, or a URL that is on the backend's
   * `SESSION_ALLOWED_ORIGINS`.
   */
  readonly baseUrl: string | URL;
  /** Sends requests where the global `fetch` keeps no cookies. @default {globalThis.fetch} */
  readonly fetch?: SessionEnvironment["fetch"] | undefined;
  /** After this time a request counts as unanswered. @default {15000} */
  readonly requestTimeoutMs?: number | undefined;
  /** A visible page asks the server at least this often. @default {300000} */
  readonly validateEveryMs?: number | undefined;
  /** A warning appears this long before the session ends. @default {300000} */
  readonly warningMs?: number | undefined;
  /** How many calls may wait for the session at once. @default {100} */
  readonly queueMax?: number | undefined;
  /** Other times. */
  readonly unstable_timing?: UnstableTiming | undefined;
  /** Replaces parts of the browser, for tests and other platforms. */
  readonly unstable_environment?: Partial<SessionEnvironment> | undefined;
}

/** Options of a session over any transport. */
export interface SessionOptions<U extends SessionUser>
  extends AppOptions<U>, Partial<Record<keyof SessionNumbers, number | undefined>> {
  readonly transport: Transport<U>;
  readonly environment?: Partial<SessionEnvironment> | undefined;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Zero switches these off; of the others it would make a loop or a session that never works. */
const MAY_BE_ZERO =
  /^(settle|visibilityDebounce|revalidateAfter|refreshJitter|lockWait|hintTtl|warning)Ms$/;

/**
 * The numbers of `options`, checked.
 *
 * @throws {TypeError} If there is no transport.
 * @throws {RangeError} If a number is not finite, negative, zero where that makes no sense, or too
 * large for a timer.
 */
export function numbersOf<U extends SessionUser>(options: SessionOptions<U>): SessionNumbers {
  if (typeof options?.transport?.validate !== "function") {
    throw new TypeError("Cannot create a session as 'transport' is missing");
  }
  const numbers: Record<keyof SessionNumbers, number> = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof SessionNumbers)[]) {
    const value = options[name] ?? DEFAULTS[name];
    const least = MAY_BE_ZERO.test(name) ? 0 : Number.MIN_VALUE;
    if (!(Number.isFinite(value) && value >= least && value <= LONGEST_TIMER_MS)) {
      throw new RangeError(
        `Cannot create a session as '${name}' is out of range: current value is ${value}`,
      );
    }
    numbers[name] = value;
  }
  return numbers;
}
