/**
 * Calls of SQL functions through the project's data API (PostgREST): the request, the time limit, the
 * sorting of failures, and which calls share a request.
 *
 * One `POST` with plain `fetch` is what supabase-js would send. Its builders around it cost a third of
 * the CPU time of such a call, and this is the call that every request makes.
 *
 * @module
 */

import type { NumberedAnswer, NumberedCalls, SharedCall } from "./batch.ts";
import {
  type CallSqlFunction,
  type FunctionArguments,
  type FunctionName,
  isValidate,
  storeUnavailable,
  type ValidateArguments,
} from "./sql_functions.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import { createValidates, toValidation } from "./validates.ts";

export interface DataApiFunctionsOptions {
  readonly supabaseUrl: string;
  /** A secret key of the project: the functions may be executed by `service_role` alone. */
  readonly secretKey: string;
  /** Requests at most for validates, which share them. Every other call is a request. */
  readonly batchRequests: number;
  /** How long one call may take before it counts as unanswered. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

export function createDataApiFunctions(options: DataApiFunctionsOptions): CallSqlFunction {
  const { supabaseUrl, secretKey, batchRequests, timeoutMs, fetch } = options;
  const headers = {
    "apikey": secretKey,
    "authorization": `Bearer ${secretKey}`,
    "content-type": "application/json",
    "content-profile": "public",
  };

  const ask = async <Name extends FunctionName>(
    name: Name,
    args: FunctionArguments<Name>,
    timeoutMs: number,
  ): Promise<unknown> => {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await fetch(`${supabaseUrl}/rest/v1/rpc/${name}`, {
        method: "POST",
        headers,
        body: JSON.stringify(args),
        signal: abort.signal,
      });
      const text = await response.text();
      if (response.status === 204) return null; // of a function that returns void
      const answer = parseJson(text);
      if (response.ok && answer !== undefined) return answer;
      throw storeUnavailable(
        response.ok ? "unexpected_answer" : failureCode(response.status, answer),
      );
    } catch (error: unknown) {
      if (error instanceof ServiceUnavailableError) throw error;
      throw storeUnavailable(abort.signal.aborted ? "timeout" : "network", error);
    } finally {
      clearTimeout(timer);
    }
  };

  const askTogether = async (
    calls: NumberedCalls<ValidateArguments>,
    timeoutMs: number,
  ): Promise<readonly NumberedAnswer[]> => {
    const [{ number, args }, ...others] = calls;
    if (others.length === 0) {
      return [{ number, answer: await ask("validate_session", args, timeoutMs) }];
    }
    const answers = await ask("unified_auth_validate_sessions", {
      p_policy: args.p_policy,
      p_validations: calls.map(toValidation),
    }, timeoutMs);
    return readNumberedAnswers(answers);
  };

  const lane = {
    call: async <Answer>(
      calls: NumberedCalls<ValidateArguments>,
      { timeoutMs, read }: SharedCall<Answer>,
    ) => read(await askTogether(calls, timeoutMs)),
    giveBack: () => {},
  };
  const validates = createValidates({
    lanes: batchRequests,
    timeoutMs,
    take: () => Promise.resolve(lane),
    callAlone: (args, timeoutMs) => ask("validate_session", args, timeoutMs),
  });

  return async function callFunction(name, args) {
    return isValidate(name, args) ? await validates.call(args) : await ask(name, args, timeoutMs);
  };
}

/** @throws {ServiceUnavailableError} If it is nothing of the kind */
function readNumberedAnswers(answers: unknown): readonly NumberedAnswer[] {
  if (Array.isArray(answers) && answers.every(isNumberedAnswer)) return answers;
  throw storeUnavailable("unexpected_answer");
}

function isNumberedAnswer(answer: unknown): answer is NumberedAnswer {
  return typeof answer === "object" && answer !== null && "number" in answer &&
    typeof answer.number === "number" && "answer" in answer;
}

/** Answers undefined for what is no JSON: a proxy's error page, say, or an answer that breaks off. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** PostgreSQL's or PostgREST's own code, where there is one. */
function failureCode(status: number, answer: unknown): string {
  const hasCode = typeof answer === "object" && answer !== null && "code" in answer;
  return hasCode && typeof answer.code === "string" && answer.code !== ""
    ? answer.code
    : `http_${status}`;
}
