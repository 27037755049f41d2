/**
 * Requests to Supabase Auth by plain `fetch`, and what their answers decide: supabase-js keeps its state
 * where a server has none, and leaves out the codes and headers that decide here.
 *
 * Every request carries the project's key with `Sb-Forwarded-For`, so that Supabase Auth's limits and
 * its challenges see the person's address; the bearer is the person's own token where there is one.
 *
 * @module
 */

import * as z from "zod";
import type { IdentityToken } from "./identity_provider.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import type { RequestContext } from "../store/session_store.ts";
import type { ProviderAnswer } from "./sign_in_provider.ts";

export interface SupabaseAuthOptions {
  readonly supabaseUrl: string;
  /** A secret key; a publishable one lets Supabase Auth check its CAPTCHA, and hides the address. */
  readonly apiKey: string;
  /** For the admin API, whatever the other one is. */
  readonly secretKey: string;
  readonly forwardsAddress: boolean;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

/** With it the code of an error is the body's `code`. */
const API_VERSION = "2024-01-01";

const DEFAULT_RETRY_AFTER_SECONDS = 10;

/** Statuses of the 4xx that decide nothing: the key is wrong, or a later try may succeed. */
const MAY_PASS: ReadonlySet<number> = new Set([408, 425]);

const errorBody = z.object({ code: z.string(), message: z.string().optional() });

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Whose request it is. @default {the project's own} */
  readonly token?: IdentityToken;
  readonly isAdmin?: true;
  readonly context: RequestContext;
}

export type RawAnswer =
  | { readonly kind: "ok"; readonly body: unknown; readonly location: string | null }
  | Exclude<ProviderAnswer<never>, { kind: "ok" }>;

/** Sends a request to a path of Supabase Auth. @throws {ServiceUnavailableError} Where nothing is decided */
export function createSupabaseAuthCaller(
  options: SupabaseAuthOptions,
): (path: string, request: Call) => Promise<RawAnswer> {
  const { supabaseUrl, apiKey, secretKey, forwardsAddress, timeoutMs, fetch } = options;

  return async function call(path: string, request: Call): Promise<RawAnswer> {
    const { method = "POST", query = {}, body, token, isAdmin, context } = request;
    const key = isAdmin ? secretKey : apiKey;
    const search = new URLSearchParams(query).toString();
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await fetch(
        `${supabaseUrl}/auth/v1${path}${search === "" ? "" : `?${search}`}`,
        {
          method,
          headers: {
            "apikey": key,
            "authorization": `Bearer ${token ?? key}`,
            "x-supabase-api-version": API_VERSION,
            // Supabase Auth writes it into its session's row, and some of its mails name the device.
            ...(context.userAgent === null ? {} : { "user-agent": context.userAgent }),
            ...(forwardsAddress && context.ip !== null ? { "sb-forwarded-for": context.ip } : {}),
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          redirect: "manual",
          signal: abort.signal,
        },
      );
      return classify(response, await response.text());
    } catch (error: unknown) {
      if (error instanceof ServiceUnavailableError) throw error;
      throw unavailable(abort.signal.aborted ? "timeout" : "network", error);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** A 4xx with a code is Supabase Auth's own decision; everything else may pass. */
function classify(response: Response, text: string): RawAnswer {
  const { status, headers } = response;
  const body = parseJson(text);
  if (status < 400) return { kind: "ok", body, location: headers.get("location") };
  const parsed = errorBody.safeParse(body);
  if (status === 429) {
    const isOfMessages = parsed.success && /^over_(?:email|sms)_send/.test(parsed.data.code);
    return isOfMessages
      ? { kind: "refused", code: parsed.data.code }
      : { kind: "rate_limited", retryAfterSeconds: readRetryAfter(headers) };
  }
  if (parsed.success && status < 500 && !MAY_PASS.has(status)) {
    return { kind: "refused", code: parsed.data.code };
  }
  throw unavailable(parsed.success ? parsed.data.code : `http_${status}`);
}

/** Interprets a body. @throws {ServiceUnavailableError} For one that means nothing known */
export function readAnswer<Value>(
  answer: RawAnswer,
  parse: (body: unknown) => Value,
): ProviderAnswer<Value> {
  if (answer.kind !== "ok") return answer;
  try {
    return { kind: "ok", value: parse(answer.body) };
  } catch (error: unknown) {
    throw unavailable("unexpected_answer", error);
  }
}

function readRetryAfter(headers: Headers): number {
  const seconds = Number(headers.get("retry-after"));
  return Number.isInteger(seconds) && seconds > 0
    ? Math.min(seconds, 3600)
    : DEFAULT_RETRY_AFTER_SECONDS;
}

function parseJson(text: string): unknown {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function unavailable(code: string, cause?: unknown): ServiceUnavailableError {
  return new ServiceUnavailableError({ dependency: "identity_provider", code }, { cause });
}
