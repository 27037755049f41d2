/**
 * Calls of one SQL function that travel together: those that come while every lane to the database is
 * busy wait, and leave together. A message, a transaction and a plan cost more than the call in them, so
 * under load each call costs less, and without load none waits. Owns the queue, the deadlines and whose
 * answer is whose, and not what a lane is: a connection, or a request to the data API.
 *
 * @module
 */

import { ServiceUnavailableError } from "../service_unavailable.ts";
import { storeUnavailable } from "./sql_functions.ts";

/** How calls travel. All of it rejects with `ServiceUnavailableError` alone. */
export interface BatchOptions<Args> {
  /** A lane takes one shared call at a time, so this is also how many are under way at most. */
  readonly lanes: number;
  /** How long the whole call may take. */
  readonly timeoutMs: number;
  take(): Promise<Lane<Args>>;
  /** Retries a call individually: an error of one call is an error of all that travel with it. */
  callAlone(args: Args, timeoutMs: number): Promise<unknown>;
}

/** Taken: it has to be used once or given back. */
export interface Lane<Args> {
  /**
   * Makes all calls in one transaction. They may wait for no lock: it holds what some of them have
   * written.
   */
  call<Answer>(calls: NumberedCalls<Args>, call: SharedCall<Answer>): Promise<Answer>;
  giveBack(): void;
}

export type NumberedCalls<Args> = readonly [NumberedCall<Args>, ...NumberedCall<Args>[]];

export interface NumberedCall<Args> {
  readonly number: number;
  readonly args: Args;
}

export interface SharedCall<Answer> {
  readonly timeoutMs: number;
  /** Makes the answer of those of all calls, which come in any order. */
  read(answers: readonly NumberedAnswer[]): Answer;
}

export interface NumberedAnswer {
  readonly number: number;
  /** The function's JSON. */
  readonly answer: unknown;
}

export interface Batch<Args> {
  /** Resolves with the function's JSON. */
  call(args: Args): Promise<unknown>;
}

interface PendingCall<Args> extends NumberedCall<Args> {
  readonly deadlineMs: number;
  resolve(answer: unknown): void;
  reject(reason: unknown): void;
}

/** At most in one shared call: with some 50 µs each they hold up those behind them for 2 ms. */
const MAX_CALLS = 32;

/** One timer looks after all calls: one for each would cost a tenth of a validate. */
const WATCH_INTERVAL_MS = 200;

export function createBatch<Args>(
  { lanes, timeoutMs, take, callAlone }: BatchOptions<Args>,
): Batch<Args> {
  /** All without an answer, in the order of their deadlines. */
  const pending = new Set<PendingCall<Args>>();
  /** Those not on their way. */
  const waiting: PendingCall<Args>[] = [];
  let lastNumber = 0;
  let busy = 0;
  let isGathering = false;
  let watch: ReturnType<typeof setInterval> | undefined;

  const lookAfterDeadlines = (): void => {
    watch ??= setInterval(() => {
      const nowMs = performance.now();
      for (const call of pending) {
        if (call.deadlineMs > nowMs) break;
        fail(call, storeUnavailable("timeout"));
      }
    }, WATCH_INTERVAL_MS);
  };
  const settled = (call: PendingCall<Args>): void => {
    pending.delete(call);
    if (pending.size > 0) return;
    clearInterval(watch);
    watch = undefined;
  };
  const succeed = (call: PendingCall<Args>, answer: unknown): void => {
    settled(call);
    call.resolve(answer);
  };
  const fail = (call: PendingCall<Args>, reason: unknown): void => {
    settled(call);
    call.reject(reason);
  };

  const send = async (
    lane: Lane<Args>,
    calls: readonly [PendingCall<Args>, ...PendingCall<Args>[]],
  ): Promise<void> => {
    try {
      const answers = await lane.call(calls, {
        timeoutMs: leftMs(calls.at(-1) ?? calls[0]), // the earlier deadlines end only their own calls
        read: (answers) => matchAnswers(answers, calls),
      });
      for (const [index, call] of calls.entries()) succeed(call, answers[index]);
    } catch (error: unknown) {
      const isOfAll = calls.length === 1 || !mayBeOfOneCall(error);
      for (const call of calls) {
        if (isOfAll) fail(call, error);
        else if (pending.has(call)) {
          callAlone(call.args, leftMs(call)).then(
            (answer) => succeed(call, answer),
            (reason: unknown) => fail(call, reason),
          );
        }
      }
    }
  };

  const sendAll = async (): Promise<void> => {
    busy += 1;
    try {
      while (waiting.length > 0) {
        const lane = await take(); // meanwhile calls of the same turn join
        isGathering = false;
        const [first, ...others] = waiting.splice(0, MAX_CALLS).filter((call) => pending.has(call));
        if (waiting.length > 0) gather();
        if (first === undefined) lane.giveBack();
        else await send(lane, [first, ...others]);
      }
    } catch (error: unknown) {
      isGathering = false;
      // No lane can be had: fail the queued calls now, not at their deadlines.
      if (busy === 1) { for (const call of waiting.splice(0)) fail(call, error); }
    } finally {
      busy -= 1;
    }
  };

  /** Calls of the same turn leave together. */
  const gather = (): void => {
    if (isGathering || busy === lanes) return;
    isGathering = true;
    void sendAll();
  };

  return {
    call: (args) =>
      new Promise((resolve, reject) => {
        const number = lastNumber = (lastNumber + 1) % 2 ** 31;
        const call = { number, args, deadlineMs: performance.now() + timeoutMs, resolve, reject };
        pending.add(call);
        waiting.push(call);
        if (pending.size > 1) lookAfterDeadlines(); // of one alone its lane does
        gather();
      }),
  };
}

function leftMs({ deadlineMs }: { readonly deadlineMs: number }): number {
  return deadlineMs - performance.now();
}

/**
 * The answers in the order of the calls. One message too many on the way, and each would go to somebody
 * else's call: then none does.
 */
function matchAnswers(
  answers: readonly NumberedAnswer[],
  calls: readonly NumberedCall<unknown>[],
): readonly unknown[] {
  const byNumber = new Map(answers.map(({ number, answer }) => [number, answer]));
  if (answers.length !== calls.length || !calls.every(({ number }) => byNumber.has(number))) {
    const cause = new Error("Cannot tell answers apart: they belong to other calls");
    throw storeUnavailable("unexpected_answer", cause);
  }
  return calls.map(({ number }) => byNumber.get(number));
}

/**
 * PostgreSQL's error of a statement, unless it is going away or refuses connections, or somebody holds a
 * whole table (55P03, 57014): no call of these waits for a row. And the data API's of a request that it
 * does not take, as one of a function that its database does not have yet.
 */
function mayBeOfOneCall(error: unknown): boolean {
  return error instanceof ServiceUnavailableError &&
    /^(?!08|53300|55P03|57014|57P)[0-9A-Z]{5}$|^PGRST[12]|^http_4(?:04|13)$/.test(error.code);
}
