/**
 * Supabase Auth as the identity provider, over supabase-js. Sorts its answers into a verdict or an
 * outage: only a code that this file names is a *no*. Must not know sessions of ours.
 *
 * @module
 */

import {
  type AuthError,
  createClient,
  isAuthApiError,
  isAuthSessionMissingError,
  type User,
} from "@supabase/supabase-js";
import { decodeJwt } from "jose";
import * as z from "zod";
import type { UserId } from "./brands.ts";
import type {
  Identity,
  IdentityProvider,
  IdentityToken,
  PasswordRefusal,
} from "./identity_provider.ts";
import { ServiceUnavailableError } from "./service_unavailable.ts";

export interface SupabaseIdentityProviderOptions {
  readonly supabaseUrl: string;
  /** A secret key lets the user's address through to its rate limit; with a publishable one it checks its CAPTCHA. */
  readonly apiKey: string;
  readonly forwardsAddress: boolean;
  /** How long one call may take before it counts as unanswered. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

/** Supabase Auth's codes that refuse a password. A banned user is told apart by nobody. */
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

const signedInUser = z.object({
  id: z.guid(),
  factors: z.array(z.object({ status: z.string() })).nullish(),
});

const tokenClaims = z.object({
  aal: z.enum(["aal1", "aal2", "aal3"]).default("aal1"),
  amr: z.array(z.json()).default([]),
});

const sessionClaim = z.object({ session_id: z.guid() });

export function createSupabaseIdentityProvider(
  options: SupabaseIdentityProviderOptions,
): IdentityProvider {
  // A client per call: signing in leaves its state in the client, and calls run side by side.
  const connect = (clientAddress: string | null) =>
    createClient(options.supabaseUrl, options.apiKey, {
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
      global: {
        fetch: withTimeLimit(options.fetch, options.timeoutMs),
        headers: options.forwardsAddress && clientAddress !== null
          ? { "Sb-Forwarded-For": clientAddress }
          : {},
      },
    }).auth;

  return {
    verifyPassword: ({ email, password, captchaToken }, clientAddress) =>
      expectVerdict(async () => {
        const { data, error } = await connect(clientAddress).signInWithPassword({
          email,
          password,
          ...(captchaToken === null ? {} : { options: { captchaToken } }),
        });
        if (error === null) {
          const token = data.session.access_token as IdentityToken;
          return { kind: "accepted", identity: readIdentity(data.user, token) };
        }
        const reason = isAuthApiError(error) && PASSWORD_REFUSALS[error.code ?? ""];
        if (!reason) throw unavailable(error);
        return { kind: "refused", reason, detail: error.code ?? reason };
      }),

    verifyToken: (token) =>
      expectVerdict(async () => {
        const { data, error } = await connect(null).getUser(token);
        if (error === null) return { kind: "accepted", identity: readIdentity(data.user, token) };
        if (!isRefusedToken(error)) throw unavailable(error);
        return { kind: "refused", detail: error.code ?? "bad_jwt" };
      }),

    dropSession: (token) =>
      expectVerdict(async () => {
        const { error } = await connect(null).admin.signOut(token, "local");
        if (error !== null && !isRefusedToken(error)) throw unavailable(error);
      }),
  };
}

/** An answer of another shape is no verdict: supabase-js may stumble over it, or hand it on as it is. */
async function expectVerdict<Verdict>(ask: () => Promise<Verdict>): Promise<Verdict> {
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

function isRefusedToken(error: AuthError): boolean {
  // supabase-js turns `session_not_found` into an error class of its own, without the code.
  return isAuthSessionMissingError(error) ||
    (isAuthApiError(error) && TOKEN_REFUSALS.has(error.code ?? ""));
}

function readIdentity(user: User, token: IdentityToken): Identity {
  const { id, factors } = signedInUser.parse(user);
  // The provider itself gave or accepted this token a moment ago: its claims need no check of ours.
  const decoded = decodeJwt(token);
  const claims = tokenClaims.safeParse(decoded);
  const session = sessionClaim.safeParse(decoded);
  return {
    userId: id as UserId,
    aal: claims.success ? claims.data.aal : "aal1",
    amr: claims.success ? claims.data.amr : [],
    hasVerifiedFactor: factors?.some(({ status }) => status === "verified") ?? false,
    token,
    identitySessionId: session.success ? session.data.session_id : null,
  };
}

function unavailable(error: AuthError): ServiceUnavailableError {
  const code = error.code ?? (error.status === undefined ? "network" : `http_${error.status}`);
  return new ServiceUnavailableError({ dependency: "identity_provider", code }, { cause: error });
}

function withTimeLimit(send: typeof fetch, timeoutMs: number): typeof fetch {
  return async function fetchWithTimeLimit(input, init) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      const response = await send(input, { ...init, signal: abort.signal });
      // The body counts too: a provider that answers headers and then hangs has not answered.
      const body = await response.arrayBuffer();
      const { status, statusText, headers } = response;
      return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
    } finally {
      clearTimeout(timer);
    }
  };
}
