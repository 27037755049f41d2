/**
 * Watches the calls of the store: what the database itself said of each, and when.
 *
 * @module
 */

import type {
  CallSqlFunction,
  FunctionName,
} from "../../../supabase/functions/_shared/store/sql_functions.ts";

/** One call that was made, with what the database itself said of it. */
export interface ObservedCall {
  readonly name: FunctionName;
  readonly outcome: string;
  /** The database's clock, in microseconds since 1970; null where the function does not tell. */
  readonly serverTime: number | null;
}

export interface ObservedCalls {
  readonly call: CallSqlFunction;
  /**
   * The calls since the last time. Without those that decided nothing: a reissue takes two calls, and the
   * second answer is the rule's.
   */
  takeCalls(): readonly ObservedCall[];
}

const UNDECIDED = "successor_wanted";

export function observeCalls(call: CallSqlFunction): ObservedCalls {
  let calls: ObservedCall[] = [];
  return {
    async call(name, args) {
      const answer = await call(name, args);
      calls.push({ name, ...readAnswer(answer) });
      return answer;
    },
    takeCalls() {
      const taken = calls.filter(({ outcome }) => outcome !== UNDECIDED);
      calls = [];
      return taken;
    },
  };
}

function readAnswer(answer: unknown): Omit<ObservedCall, "name"> {
  if (typeof answer !== "object" || answer === null) return { outcome: "", serverTime: null };
  const { outcome, server_time: time } = answer as Record<string, unknown>;
  return {
    outcome: typeof outcome === "string" ? outcome : "",
    serverTime: typeof time === "string" ? readMicros(time) : null,
  };
}

/** `2026-11-24T05:10:20.123456+00:00`, of which a `Date` would lose the last three digits. */
export function readMicros(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
  const wholeSeconds = Date.parse(time.replace(/\.\d+/, ""));
  return wholeSeconds * 1000 + Number(fraction.padEnd(6, "0"));
}
