/**
 * Calls of SQL functions through the data API: the time limit, and the sorting of failures. The only
 * module that speaks to the database with supabase-js.
 *
 * @module
 */

import { createClient } from "@supabase/supabase-js";
import type { DatabaseRpc } from "./database_rpc.ts";
import { ServiceUnavailableError } from "./service_unavailable.ts";

export interface SupabaseRpcOptions {
  readonly supabaseUrl: string;
  /** A secret key of the project: the functions may be executed by `service_role` alone. */
  readonly secretKey: string;
  /** How long one call may take before it counts as unanswered. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

/** Makes the one client of the process: making one per request costs more than half the throughput. */
export function createSupabaseRpc(options: SupabaseRpcOptions): DatabaseRpc {
  const client = createClient(options.supabaseUrl, options.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { fetch: options.fetch },
  });

  return async function callFunction(name, args) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), options.timeoutMs);
    try {
      const { data, error, status } = await client.rpc(name, args).abortSignal(abort.signal);
      if (error === null) return data;
      const code = failureCode({ code: error.code, status, aborted: abort.signal.aborted });
      throw new ServiceUnavailableError({ dependency: "session_store", code }, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };
}

function failureCode(
  failure: { readonly code: string; readonly status: number; readonly aborted: boolean },
): string {
  if (failure.aborted) return "timeout";
  if (failure.code !== "") return failure.code;
  return failure.status === 0 ? "network" : `http_${failure.status}`;
}
