/**
 * Calls of one SQL function that share statements: those that come while all connections are busy wait,
 * and leave together. A message, a transaction and a plan cost more than the call in them, so under load
 * each call costs less, and without load none waits. Owns the queue and its connections, and not the
 * statement, nor how a call is made alone.
 *
 * @module
 */

import { clearInterval, setImmediate, setInterval } from "node:timers";
import pg from "pg";
import { type Connection, createPool, type PoolOptions } from "./pool.ts";
import type { NumberedRow, SharedStatement, Statement } from "./statement.ts";

/** A connection has one statement at a time, so `size` is also how many are under way at most. */
export interface BatchOptions extends PoolOptions {
  /**
   * Answers a {@linkcode NumberedRow} for each call. It may wait for no lock: a transaction of many
   * calls holds what some of them have written.
   */
  readonly statement: SharedStatement;
  /** How long the whole call may take. */
  readonly timeoutMs: number;
}

export interface BatchCall {
  readonly values: readonly unknown[];
  /** Retries the call individually: an error in one call fails the statement for all. */
  askAlone(timeoutMs: number): Promise<unknown>;
}

export interface Batch {
  /** Resolves with the function's JSON. Rejects with the driver's errors. */
  call(call: BatchCall): Promise<unknown>;
  close(): Promise<void>;
}

interface PendingCall extends BatchCall {
  readonly number: number;
  readonly deadlineMs: number;
  resolve(answer: unknown): void;
  reject(reason: unknown): void;
}

/** At most in one statement: with some 50 µs each they hold up those behind them for 2 ms. */
const MAX_CALLS = 32;

/** One timer looks after all calls: one for each would cost a tenth of a validate. */
const WATCH_INTERVAL_MS = 200;

export function createBatch({ statement, timeoutMs, ...poolOptions }: BatchOptions): Batch {
  const pool = createPool(poolOptions);
  /** All without an answer, in the order of their deadlines. */
  const pending = new Set<PendingCall>();
  /** Those not on their way. */
  const waiting: PendingCall[] = [];
  let lastNumber = 0;
  let busy = 0;
  let isGathering = false;
  let watch: ReturnType<typeof setInterval> | undefined;

  const succeed = (call: PendingCall, answer: unknown): void => {
    pending.delete(call);
    call.resolve(answer);
  };
  const fail = (call: PendingCall, reason: unknown): void => {
    pending.delete(call);
    call.reject(reason);
  };

  const endWatch = (): void => {
    clearInterval(watch);
    watch = undefined;
  };
  const lookAfterDeadlines = (): void => {
    watch ??= setInterval(() => {
      const nowMs = performance.now();
      for (const call of pending) {
        if (call.deadlineMs > nowMs) break;
        fail(call, new Error("Query timeout"));
      }
      if (pending.size === 0) endWatch();
    }, WATCH_INTERVAL_MS).unref();
  };

  const ask = async (connection: Connection, calls: readonly PendingCall[]): Promise<void> => {
    const [sent, values] = compose(statement, calls);
    try {
      const answers = await connection.call(sent, values, {
        timeoutMs: leftMs(calls.at(-1)), // the earlier deadlines end only their own calls
        read: (rows: readonly NumberedRow[]) => matchAnswers(rows, calls),
      });
      for (const [index, call] of calls.entries()) succeed(call, answers[index]);
    } catch (error: unknown) {
      for (const call of calls) {
        if (!mayBeOfOneCall(error)) fail(call, error);
        else if (pending.has(call)) {
          call.askAlone(leftMs(call)).then(
            (answer) => succeed(call, answer),
            (reason: unknown) => fail(call, reason),
          );
        }
      }
    }
  };

  const askAll = async (): Promise<void> => {
    busy += 1;
    try {
      while (waiting.length > 0) {
        const connection = await pool.take();
        const calls = waiting.splice(0, MAX_CALLS).filter((call) => pending.has(call));
        if (waiting.length > 0) gather();
        if (calls.length === 0) connection.giveBack();
        else await ask(connection, calls);
      }
    } catch (error: unknown) {
      // No connection can be had: fail the queued calls now, not at their deadlines.
      if (busy === 1) { for (const call of waiting.splice(0)) fail(call, error); }
    } finally {
      busy -= 1;
    }
  };

  /** Calls of the same turn leave in one statement. */
  const gather = (): void => {
    if (isGathering || busy === poolOptions.size) return;
    isGathering = true;
    setImmediate(() => {
      isGathering = false;
      void askAll();
    });
  };

  return {
    call: ({ values, askAlone }) =>
      new Promise((resolve, reject) => {
        const number = lastNumber = (lastNumber + 1) % 2 ** 31;
        const deadlineMs = performance.now() + timeoutMs;
        const call = { number, values, askAlone, deadlineMs, resolve, reject };
        pending.add(call);
        waiting.push(call);
        lookAfterDeadlines();
        gather();
      }),
    close() {
      endWatch();
      return pool.close();
    },
  };
}

function compose(
  { one, many }: SharedStatement,
  calls: readonly PendingCall[],
): readonly [Statement, unknown[]] {
  const [first, ...others] = calls;
  if (first !== undefined && others.length === 0) return [one, [first.number, ...first.values]];
  return [many, [
    calls.map(({ number }) => number),
    ...many.parameters.map((_, index) => calls.map(({ values }) => values[index])),
  ]];
}

function leftMs(call: PendingCall | undefined): number {
  return (call?.deadlineMs ?? 0) - performance.now();
}

/**
 * The answers in the order of the calls. One message too many on the way, and each would go to somebody
 * else's call: then none does, and the connection is closed.
 */
function matchAnswers(
  rows: readonly NumberedRow[],
  calls: readonly PendingCall[],
): readonly unknown[] {
  const answers = new Map(rows.map(({ number, answer }) => [number, answer]));
  if (rows.length !== calls.length || !calls.every(({ number }) => answers.has(number))) {
    throw new Error("Cannot tell answers apart: they belong to other calls");
  }
  return calls.map(({ number }) => answers.get(number));
}

/**
 * An error of the statement, unless PostgreSQL is going away or refuses connections, or somebody holds
 * a whole table (55P03, 57014): no call of these waits for a row.
 */
function mayBeOfOneCall(error: unknown): boolean {
  return error instanceof pg.DatabaseError &&
    !/^(?:08|53300|55P03|57014|57P)/.test(error.code ?? "");
}
