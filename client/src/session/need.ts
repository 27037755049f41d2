/**
 * Whether a request is due, which one, and when: pure decisions from what is known. Includes the wait
 * after a failure, and the next moment at which time alone changes the answer.
 *
 * @module
 */

import { elapsedMs, type Instant } from "../environment.ts";
import type { SessionNumbers } from "./options.ts";
import type { SessionUser, Trigger } from "../transport/outcome.ts";
import type { SharedRecord } from "../tabs/shared_record.ts";
import { accessLeftMs, type Grant, type State } from "../state/transition.ts";

export type Action = "validate" | "refresh" | "logout";

/** One request for the state of the session. */
export interface RecoveryRequest {
  readonly trigger: Trigger;
  readonly since: Instant;
  /** That of the grant at the time of the request: another one since then is another access token. */
  readonly serial: number | undefined;
  readonly hidden: boolean;
  /** Refresh even though nothing is due. */
  readonly force: boolean;
  /** The access token must live for at least this long. */
  readonly minTtlMs: number;
  /** When this page refreshes the present access token, within the spread: from -1 to 1. */
  readonly jitter: number;
}

/**
 * How long before its expiry an access token is refreshed: of 60 minutes, at a random time 5 to 35
 * minutes before. A thief of a session without a key who comes shortly before its owner is found the
 * sooner, the less the owner's time can be guessed.
 */
function marginMs<U extends SessionUser>(
  { accessTtlMs }: Grant<U>,
  jitter: number,
  numbers: SessionNumbers,
): number {
  const margin = Math.min(numbers.refreshMarginMs, accessTtlMs / 3);
  return margin + jitter * Math.min(numbers.refreshJitterMs, margin * 3 / 4);
}

/** The request to send for `request`, or null when what is known will do. */
export function neededAction<U extends SessionUser>(
  request: RecoveryRequest,
  { state, now, numbers, refreshed }: {
    readonly state: State<U>;
    readonly now: Instant;
    readonly numbers: SessionNumbers;
    /** When the server last answered a refresh of this tab. */
    readonly refreshed: Instant;
  },
): Exclude<Action, "logout"> | null {
  const { trigger, since, hidden, force, jitter, minTtlMs } = request;
  const { grant, status, failures } = state;
  const isCall = trigger === "token" || trigger === "fetch";
  const isAutomatic = trigger !== "manual" && trigger !== "start";
  if (isAutomatic && (status === "signed-out" || status === "unknown")) {
    return null;
  }
  // A refusal stands; but "no cookie that I know" may be a server's mistake, and heal with it.
  const mayHeal = state.reason === "no-session" && !hidden;
  const isRoutine = isCall || trigger === "tick" || trigger === "unauthorized";
  if (status === "ended" && isRoutine && !(mayHeal && trigger === "tick")) return null;
  if (!grant) return "validate";

  const ageMs = elapsedMs(grant.at, now);
  const refreshedMs = elapsedMs(refreshed, now);
  // A mere verification since then moved no expiry. A server may answer a refresh without a rotation:
  // a request made meanwhile has that answer too.
  const isReplaced = grant.serial !== request.serial;
  const answered = isReplaced || refreshedMs < elapsedMs(since, now);
  if (force) return answered ? null : "refresh";
  const leftMs = accessLeftMs(state, now);
  // An access token that lives as long as its session gains nothing from another one.
  const isLast = grant.endInMs !== null && grant.accessInMs >= grant.endInMs - 1_000;
  const dueMs = Math.max(minTtlMs, isLast ? 0 : marginMs(grant, jitter, numbers));
  const isShort = Math.max(0, leftMs) < minTtlMs;
  const isFresh = (isShort ? refreshedMs : ageMs) < Math.min(1_000, grant.accessTtlMs);
  if (leftMs <= dueMs && !isFresh) {
    // A hidden page leaves it to a visible one, and does it when that one had two beats to do it in.
    const patienceMs = Math.min(2 * numbers.heartbeatMs, dueMs / 2);
    const left = trigger === "tick" && hidden && leftMs > dueMs - patienceMs;
    return left || answered ? null : "refresh";
  }

  // Another token answers what the old one was refused for.
  if (trigger === "unauthorized" && isReplaced) return null;
  const maxAgeMs = (failures ? 0 : maxAgeOf(trigger, hidden, numbers)) + elapsedMs(since, now);
  return ageMs < maxAgeMs ? null : "validate";
}

/** How old a verification may be for `trigger`. */
function maxAgeOf(trigger: Trigger, hidden: boolean, numbers: SessionNumbers): number {
  switch (trigger) {
    case "tick":
      return hidden ? Infinity : numbers.validateEveryMs;
    case "fetch":
      return Infinity;
    case "visibility":
    case "focus":
    case "pageshow":
    case "resume":
    case "online":
    case "suspended":
      return numbers.revalidateAfterMs;
    case "start":
    case "manual":
    case "token":
    case "unauthorized":
    case "sign-in":
    case "sign-out":
      return 0;
    default:
      return trigger satisfies never;
  }
}

/** A person who comes back to a tab waits for no more than this of an old failure. */
const PATIENCE_AFTER_FAILURE_MS = 5_000;
const BETWEEN_CLICKS_MS = 1_000;

/** Whether the waiting time after a failure holds `request` back. */
export function isHeldBack<U extends SessionUser>(
  { trigger, since }: RecoveryRequest,
  { record, now }: { record: SharedRecord<U>; now: Instant },
): boolean {
  const { retryAt, retryIsOrder, failedAt } = record;
  const leftMs = (retryAt ?? 0) - now.date;
  // No more is left than there ever was, unless the clock was set back.
  if (retryAt === null || leftMs <= 0 || leftMs > retryAt - failedAt) return false;
  // A failure since this request was made, in this tab or another, was the answer to it.
  if (failedAt >= since.date) return true;
  const sinceFailureMs = now.date - failedAt;
  switch (trigger) {
    case "manual":
    case "sign-in":
    case "sign-out":
      return sinceFailureMs < BETWEEN_CLICKS_MS;
    case "start":
    case "online":
    case "pageshow":
    case "resume":
    case "suspended":
      return retryIsOrder;
    case "visibility":
    case "focus":
      return retryIsOrder || sinceFailureMs < PATIENCE_AFTER_FAILURE_MS;
    case "tick":
    case "token":
    case "fetch":
    case "unauthorized":
      return true;
    default:
      return trigger satisfies never;
  }
}

/** The ladder: the ceiling of the n-th wait is `min(backoffCapMs, backoffBaseMs * 2^n)`. */
export interface BackoffLimits {
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
}

/** A server may ask for a longer wait than the ladder's cap, but not forever. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/**
 * The wait after the `failures`-th failure in a row (1 is the first): anything between nothing and
 * the ceiling, equally likely, so that browsers that failed together do not come back together.
 */
export function backoffMs(
  failures: number,
  { backoffBaseMs, backoffCapMs, random, retryAfterMs }: BackoffLimits & {
    random: number;
    retryAfterMs?: number | undefined;
  },
): number {
  return retryAfterMs === undefined
    ? random * Math.min(backoffCapMs, backoffBaseMs * 2 ** (failures - 1))
    : Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS);
}

/** Milliseconds until the next such moment; `Infinity` when there is none ahead. */
export function nextDeadlineMs<U extends SessionUser>(
  { grant, failures }: State<U>,
  { retryAt, now, numbers, jitter }: {
    readonly retryAt: number | null;
    readonly now: Instant;
    readonly numbers: SessionNumbers;
    readonly jitter: number;
  },
): number {
  const moments = [(retryAt ?? 0) - now.date];
  if (grant) {
    const ageMs = elapsedMs(grant.at, now);
    const accessMs = grant.accessInMs - ageMs;
    const endMs = (grant.endInMs ?? Infinity) - ageMs;
    const { warningMs, verifyTtlMs, validateEveryMs } = numbers;
    moments.push(
      accessMs,
      accessMs - marginMs(grant, jitter, numbers),
      endMs,
      endMs - warningMs,
      verifyTtlMs - ageMs,
      validateEveryMs - ageMs,
    );
    if (failures) moments.push(accessMs - warningMs);
    // The next whole minute of a visible countdown.
    for (const leftMs of [endMs, failures ? accessMs : Infinity]) {
      if (leftMs > 0 && leftMs <= warningMs) moments.push(leftMs % 60_000);
    }
  }
  // Past moments were looked at when they came; what could not be done then has its own moment.
  return Math.min(...moments.map((ms) => ms > 0 ? Math.ceil(ms) : Infinity));
}
