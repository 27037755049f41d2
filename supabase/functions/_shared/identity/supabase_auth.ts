/**
 * Supabase Auth as the identity provider, over supabase-js. Sorts its answers into accepted, refused,
 * rate limited, and an outage, which is everything that may pass.
 *
 * @module
 */

import {
  type AuthError,
  createClient,
  isAuthSessionMissingError,
  type User,
} from "@supabase/supabase-js";
import { decodeJwt } from "jose/jwt/decode";
import * as z from "zod";
import type { UserId } from "../brands.ts";
import type {
  Identity,
  IdentityProvider,
  IdentityToken,
  PasswordRefusal,
  RateLimited,
} from "./identity_provider.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";

export interface SupabaseIdentityProviderOptions {
  readonly supabaseUrl: string;
  /** A secret key lets the user's address through to its rate limit; with a publishable one it checks its CAPTCHA. */
  readonly apiKey: string;
  readonly forwardsAddress: boolean;
  /** How long one call may take before it counts as unanswered. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

/** Supabase Auth's codes that refuse a password. A banned user is answered like a wrong password. */
const PASSWORD_REFUSALS: Readonly<Record<string, PasswordRefusal>> = {
  invalid_credentials: "invalid_credentials",
  user_banned: "invalid_credentials",
  user_not_found: "invalid_credentials",
  validation_failed: "invalid_credentials",
  email_not_confirmed: "email_not_confirmed",
  captcha_failed: "captcha_failed",
};

const TOKEN_REFUSALS: ReadonlySet<string> = new Set([
  "bad_jwt",
  "no_authorization",
  "session_not_found",
  "session_expired",
  "user_not_found",
  "user_banned",
]);

/** These end the session too, or come after its end. A banned user's stays until the ban ends. */
const SESSION_IS_GONE: ReadonlySet<string> = new Set([
  "session_not_found",
  "session_expired",
  "user_not_found",
]);

/** Statuses of the 4xx that say nothing of the person: our key is wrong, or a later try may succeed. */
const MAY_PASS: ReadonlySet<number> = new Set([401, 408, 425, 429]);

/** A hook of the project may refuse with any status; its answer is handed on with this code. */
const REFUSED_BY_HOOK = "unknown";

/** Where a 429 does not say when to come again. Supabase Auth's own buckets refill within seconds. */
const DEFAULT_RETRY_AFTER_SECONDS = 10;
const MAX_RETRY_AFTER_SECONDS = 3600;

const signedInUser = z.object({
  id: z.guid(),
  factors: z.array(z.object({ status: z.string() })).nullish(),
});

const tokenClaims = z.object({
  sub: z.guid(),
  aal: z.enum(["aal1", "aal2", "aal3"]).default("aal1").catch("aal1"),
  amr: z.array(z.json()).default([]).catch([]),
  session_id: z.guid(),
});

/** Of a token that was handed to us: one of an OAuth client names it. */
const ownTokenClaims = tokenClaims.extend({ client_id: z.literal("").nullish() });

export function createSupabaseIdentityProvider(
  options: SupabaseIdentityProviderOptions,
): IdentityProvider {
  // A client per call: signing in leaves its state in the client, and calls run side by side.
  const connect = (clientAddress: string | null) => {
    const answered: Answered = {
      retryAfterSeconds: DEFAULT_RETRY_AFTER_SECONDS,
      timedOut: false,
    };
    const { auth } = createClient(options.supabaseUrl, options.apiKey, {
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
      global: {
        fetch: withTimeLimit(options.fetch, { timeoutMs: options.timeoutMs, answered }),
        headers: options.forwardsAddress && clientAddress !== null
          ? { "Sb-Forwarded-For": clientAddress }
          : {},
      },
    });
    return { auth, answered };
  };

  return {
    verifyPassword: ({ email, password, captchaToken }, clientAddress) =>
      classifyFailures(async () => {
        const { auth, answered } = connect(clientAddress);
        const { data, error } = await auth.signInWithPassword({
          email,
          password,
          ...(captchaToken === null ? {} : { options: { captchaToken } }),
        });
        if (error === null) {
          const token = data.session.access_token as IdentityToken;
          return { kind: "accepted", identity: readIdentity(data.user, token) };
        }
        const reason = PASSWORD_REFUSALS[codeOf(error)];
        if (reason) return { kind: "refused", reason, detail: codeOf(error) };
        return judgeOtherError(error, answered);
      }),

    verifyToken: (token) =>
      classifyFailures(async () => {
        // Checked here first: Supabase Auth accepts the token of another application too.
        if (!isOwnToken(token)) {
          return { kind: "refused", reason: "bad_jwt", detail: "not_a_sign_in" };
        }
        const { auth, answered } = connect(null);
        const { data, error } = await auth.getUser(token);
        if (error === null) return { kind: "accepted", identity: readIdentity(data.user, token) };
        if (TOKEN_REFUSALS.has(codeOf(error))) {
          return { kind: "refused", reason: "bad_jwt", detail: codeOf(error) };
        }
        return judgeOtherError(error, answered);
      }),

    dropSession: (token) =>
      classifyFailures(async () => {
        const { auth, answered } = connect(null);
        const { error } = await auth.admin.signOut(token, "local");
        if (error === null || SESSION_IS_GONE.has(codeOf(error))) return { kind: "dropped" };
        if (TOKEN_REFUSALS.has(codeOf(error))) return { kind: "left", reason: codeOf(error) };
        throw unavailable(error, answered);
      }),
  };
}

/** An answer of another shape decides nothing: supabase-js may throw at it, or hand it on as it is. */
async function classifyFailures<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error: unknown) {
    if (error instanceof ServiceUnavailableError) throw error;
    throw new ServiceUnavailableError(
      { dependency: "identity_provider", code: "unexpected_answer" },
      { cause: error },
    );
  }
}

/**
 * Of an error that this file does not name. A code with a status of the 4xx is Supabase Auth's own
 * decision, which no later try changes; without a code it is a gateway's answer.
 */
function judgeOtherError(
  error: AuthError,
  answered: Answered,
): RateLimited | { readonly kind: "refused"; readonly reason: "access_denied"; detail: string } {
  const { code, status } = error;
  if (status === 429) {
    return { kind: "rate_limited", retryAfterSeconds: answered.retryAfterSeconds };
  }
  const isFinal = code !== undefined && status !== undefined && status >= 400 && status < 500 &&
    (!MAY_PASS.has(status) || (status === 401 && code === REFUSED_BY_HOOK));
  if (!isFinal) throw unavailable(error, answered);
  return { kind: "refused", reason: "access_denied", detail: code };
}

/**
 * Whether a token, whose signature Supabase Auth checks, says that it is of a sign-in to this project.
 * Supabase Auth signs others with the same key, and `GET /user` takes them: an OAuth client's access
 * token has a `client_id`, an ID token has no `session_id`. Neither may become a whole session.
 */
function isOwnToken(token: IdentityToken): boolean {
  try {
    return ownTokenClaims.safeParse(decodeJwt(token)).success;
  } catch {
    return false; // not a JWT
  }
}

function readIdentity(user: User, token: IdentityToken): Identity {
  const { id, factors } = signedInUser.parse(user);
  // The provider itself gave or accepted this token a moment ago: its claims need no check of ours.
  const { sub, aal, amr, session_id } = tokenClaims.parse(decodeJwt(token));
  if (sub !== id) throw new TypeError("Supabase Auth answered for another user than its token's");
  return {
    userId: id as UserId,
    aal,
    amr,
    hasVerifiedFactor: factors?.some(({ status }) => status === "verified") ?? false,
    token,
    identitySessionId: session_id,
  };
}

/** Empty for an error without a code. supabase-js has no error class for this one. */
function codeOf(error: AuthError): string {
  return isAuthSessionMissingError(error) ? "session_not_found" : error.code ?? "";
}

function unavailable(error: AuthError, { timedOut }: Answered): ServiceUnavailableError {
  const withoutAnswer = timedOut ? "timeout" : "network";
  const code = error.code ?? (error.status ? `http_${error.status}` : withoutAnswer);
  return new ServiceUnavailableError({ dependency: "identity_provider", code }, { cause: error });
}

/** The parts of an answer that supabase-js does not hand on. */
interface Answered {
  retryAfterSeconds: number;
  timedOut: boolean;
}

function withTimeLimit(
  send: typeof fetch,
  { timeoutMs, answered }: { readonly timeoutMs: number; readonly answered: Answered },
): typeof fetch {
  return async function fetchWithTimeLimit(input, init) {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      answered.timedOut = true;
      abort.abort();
    }, timeoutMs);
    try {
      const response = await send(input, { ...init, signal: abort.signal });
      // The body counts too: a provider that answers headers and then hangs has not answered.
      const body = await response.arrayBuffer();
      const { status, statusText, headers } = response;
      answered.retryAfterSeconds = readRetryAfter(headers);
      return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
    } finally {
      clearTimeout(timer);
    }
  };
}

/** RFC 9110, 10.2.3: seconds or a date, which is compared with the answer's own. */
function readRetryAfter(headers: Headers): number {
  const text = headers.get("retry-after") ?? "";
  const seconds = /^\d+$/.test(text)
    ? Number(text)
    : Math.ceil((Date.parse(text) - Date.parse(headers.get("date") ?? "")) / 1000);
  if (!Number.isFinite(seconds)) return DEFAULT_RETRY_AFTER_SECONDS;
  return Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS);
}
