/**
 * The options of a session, their defaults, and the check that finds a wrong one at once. It must
 * not know what an option does.
 *
 * @module
 */

import type { SessionEnvironment } from "./environment.ts";
import type { SessionUser, Transport, Valid } from "./outcome.ts";

/** Milliseconds and counts, each with its default. None may exceed 2^31 - 1. */
export const DEFAULTS = {
  /** How often to look whether something is due, at the least. */
  heartbeatMs: 60_000,
  /** A beat that comes this many times too late means that the page was suspended. */
  suspensionFactor: 2,
  /** Signals of one return that come within this time count as one. */
  visibilityDebounceMs: 1_000,
  /** Between a return and the first request: the network comes up meanwhile. 500 suits iOS. */
  settleMs: 150,
  /** A return asks the server unless any tab did so within this time. */
  revalidateAfterMs: 60_000,
  /** A visible page asks the server at least this often whether the session still stands. */
  validateEveryMs: 300_000,
  /** For how long a verification counts for `sessionVerified` and `canMutate`. */
  verifyTtlMs: 600_000,
  /** An access token is refreshed this long before it expires (at most a sixth of its life). */
  refreshMarginMs: 600_000,
  /** The most by which `refreshMarginMs` differs from tab to tab, either way. */
  refreshJitterMs: 60_000,
  /** A warning appears this long before the session ends. */
  warningMs: 300_000,
  /** The first ceiling of the waiting time after a failure; it doubles with each. */
  backoffBaseMs: 1_000,
  backoffCapMs: 300_000,
  /** After this time without an answer, a request counts as unanswered. */
  requestTimeoutMs: 15_000,
  /** How long to wait for another tab that asks the server. */
  lockWaitMs: 5_000,
  /** Calls that may wait for the session at once. */
  queueMax: 100,
  /** How long a call of `session.fetch` waits for the session. */
  queueMaxWaitMs: 15_000,
  /** How long a hook of `onRefreshed` may keep the waiting calls. */
  hookTimeoutMs: 2_000,
  /** For how long the user of the last verification is shown before the server answers. */
  hintTtlMs: 43_200_000,
} as const;

export type SessionNumbers = { readonly [Name in keyof typeof DEFAULTS]: number };

export interface SessionOptions<U extends SessionUser> extends Partial<SessionNumbers> {
  /** Asks the server; see `createHttpTransport`. */
  readonly transport: Transport<U>;
  /** What a server-rendered page already verified: the first paint is `active`. */
  readonly initial?: Valid<U> | undefined;
  /** Where the tokenless record is kept. @default {"session:v1"} */
  readonly storageKey?: string | undefined;
  /** Name of the channel and of the lock. @default {"session"} */
  readonly channelName?: string | undefined;
  /**
   * Prepares each sending of `session.fetch`, a replay too: the place to set `Authorization`. Look
   * at `request.url` first: the token must go nowhere else.
   */
  readonly authorize?:
    | ((request: Request, session: { accessToken: string | null }) => Request | Promise<Request>)
    | undefined;
  /** Whether a 401 means that the session's token was refused, and not that a right is missing. */
  readonly isSessionUnauthorized?:
    | ((response: Response) => boolean | Promise<boolean>)
    | undefined;
  /** Replaces parts of the browser, for tests and other platforms. */
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
