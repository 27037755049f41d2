/**
 * Calls of SQL functions through the project's data API (PostgREST): the request, the time limit, and
 * the sorting of failures.
 *
 * One `POST` with plain `fetch` is what supabase-js would send. Its builders around it cost a third of
 * the CPU time of such a call, and this is the call that every request makes.
 *
 * @module
 */

import type { CallSqlFunction } from "./sql_functions.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";

export interface DataApiFunctionsOptions {
  readonly supabaseUrl: string;
  /** A secret key of the project: the functions may be executed by `service_role` alone. */
  readonly secretKey: string;
  /** How long one call may take before it counts as unanswered. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

export function createDataApiFunctions(options: DataApiFunctionsOptions): CallSqlFunction {
  const { supabaseUrl, secretKey, timeoutMs, fetch } = options;
  const headers = {
    "apikey": secretKey,
    "authorization": `Bearer ${secretKey}`,
    "content-type": "application/json",
    "content-profile": "public",
  };

  return async function callFunction(name, args) {
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
      throw unavailable(response.ok ? "unexpected_answer" : failureCode(response.status, answer));
    } catch (error: unknown) {
      if (error instanceof ServiceUnavailableError) throw error;
      throw unavailable(abort.signal.aborted ? "timeout" : "network", error);
    } finally {
      clearTimeout(timer);
    }
  };
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

function unavailable(code: string, cause?: unknown): ServiceUnavailableError {
  return new ServiceUnavailableError({ dependency: "session_store", code }, { cause });
}
