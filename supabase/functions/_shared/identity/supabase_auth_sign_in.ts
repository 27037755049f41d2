/**
 * The sign-in flows' requests to Supabase Auth, by plain `fetch`: supabase-js keeps its state where a
 * server has none, and leaves out the codes and headers that decide here.
 *
 * Every request carries the project's key with `Sb-Forwarded-For`, so that Supabase Auth's limits and
 * its challenges see the person's address; the bearer is the person's own token where there is one.
 *
 * @module
 */

import { decodeJwt } from "jose/jwt/decode";
import * as z from "zod";
import type { UserId } from "../brands.ts";
import type { IdentityToken } from "./identity_provider.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import type { RequestContext } from "../store/session_store.ts";
import type {
  Address,
  FactorType,
  ProviderAnswer,
  ProviderSession,
  SignInProvider,
  Verification,
} from "./sign_in_provider.ts";

export interface SupabaseSignInOptions {
  readonly supabaseUrl: string;
  /** A secret key; a publishable one lets Supabase Auth check its CAPTCHA, and hides the address. */
  readonly apiKey: string;
  /** For the admin API, whatever the other one is. */
  readonly secretKey: string;
  readonly forwardsAddress: boolean;
  /** Where browsers reach this function, such as `https://api.example.com/functions/v1/unified-auth`. */
  readonly publicUrl: string;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

/** With it the code of an error is the body's `code`. */
const API_VERSION = "2024-01-01";

const DEFAULT_RETRY_AFTER_SECONDS = 10;

/** How many links are asked for where other requests of the same user ask at once. */
const MAX_LINKS = 5;

/** Statuses of the 4xx that decide nothing: the key is wrong, or a later try may succeed. */
const MAY_PASS: ReadonlySet<number> = new Set([408, 425]);

const errorBody = z.object({ code: z.string(), message: z.string().optional() });

const factor = z.object({
  id: z.guid(),
  status: z.string(),
  factor_type: z.string(),
  friendly_name: z.string().nullish(),
});

const user = z.object({
  id: z.guid(),
  email: z.string().nullish(),
  phone: z.string().nullish(),
  email_confirmed_at: z.string().nullish(),
  phone_confirmed_at: z.string().nullish(),
  last_sign_in_at: z.string().nullish(),
  factors: z.array(factor).nullish(),
});

const sessionBody = z.object({ access_token: z.string(), user });
const signUpBody = z.object({ access_token: z.string().optional() });

const tokenClaims = z.object({
  sub: z.guid(),
  aal: z.enum(["aal1", "aal2", "aal3"]).default("aal1"),
  amr: z.array(z.json()).default([]),
  session_id: z.guid(),
});

const linkBody = z.object({ hashed_token: z.string(), verification_type: z.string() });
const challengeBody = z.object({ id: z.string() });
const enrolledBody = z.object({
  id: z.guid(),
  type: z.enum(["totp", "phone"]),
  friendly_name: z.string().nullish(),
  totp: z.object({ qr_code: z.string(), secret: z.string(), uri: z.string() }).nullish(),
});
const passkeyOptionsBody = z.object({
  challenge_id: z.string(),
  options: z.record(z.string(), z.unknown()),
});
const passkeyBody = z.object({
  id: z.string(),
  friendly_name: z.string().nullish(),
  created_at: z.string(),
});

interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Whose request it is. @default {the project's own} */
  readonly token?: IdentityToken;
  readonly isAdmin?: true;
  readonly context: RequestContext;
}

type RawAnswer =
  | { readonly kind: "ok"; readonly body: unknown; readonly location: string | null }
  | Exclude<ProviderAnswer<never>, { kind: "ok" }>;

export function createSupabaseSignInProvider(options: SupabaseSignInOptions): SignInProvider {
  const call = createCaller(options);
  const callbackUrl = `${options.publicUrl}/callback`;
  const confirmUrl = `${options.publicUrl}/confirm`;

  const session = async (path: string, request: Call): Promise<ProviderAnswer<ProviderSession>> =>
    read(await call(path, request), (body) => readSessionBody(sessionBody.parse(body)));
  const nothing = async (path: string, request: Call): Promise<ProviderAnswer<null>> =>
    read(await call(path, request), () => null);

  const verify = (verification: Verification, context: RequestContext) =>
    session("/verify", {
      body: "tokenHash" in verification
        ? { token_hash: verification.tokenHash, type: verification.type }
        : {
          ...addressBody(verification),
          token: verification.token,
          type: verification.type,
        },
      context,
    });

  return {
    async authorize({ provider, codeChallenge, scopes, loginHint }, context) {
      const answer = await call("/authorize", {
        method: "GET",
        query: {
          provider,
          redirect_to: callbackUrl,
          code_challenge: codeChallenge,
          code_challenge_method: "s256",
          ...(scopes === null ? {} : { scopes }),
          ...(loginHint === null ? {} : { login_hint: loginHint }),
        },
        context,
      });
      if (answer.kind !== "ok") return answer;
      if (answer.location === null) throw unavailable("unexpected_answer");
      return { kind: "ok", value: answer.location };
    },

    exchangeCode: ({ code, verifier }, context) =>
      session("/token", {
        query: { grant_type: "pkce" },
        body: { auth_code: code, code_verifier: verifier },
        context,
      }),

    sendOtp: ({ address, createUser, captchaToken }, context) =>
      nothing("/otp", {
        query: { redirect_to: confirmUrl },
        body: { ...addressBody(address), create_user: createUser, ...captcha(captchaToken) },
        context,
      }),

    sendRecovery: ({ email, captchaToken }, context) =>
      nothing("/recover", {
        query: { redirect_to: confirmUrl },
        body: { email, ...captcha(captchaToken) },
        context,
      }),

    async signUp({ email, password, captchaToken }, context) {
      const answer = await call("/signup", {
        query: { redirect_to: confirmUrl },
        body: { email, password, ...captcha(captchaToken) },
        context,
      });
      // Without a token it is a user object, invented for an address that is known: never handed on.
      return read(
        answer,
        (body) =>
          signUpBody.parse(body).access_token === undefined
            ? null
            : readSessionBody(sessionBody.parse(body)),
      );
    },

    verify,

    async openSessionOf(email, context) {
      for (let tries = 1;; tries += 1) {
        const link = read(
          await call("/admin/generate_link", {
            body: { type: "magiclink", email },
            isAdmin: true,
            context,
          }),
          (body) => linkBody.parse(body),
        );
        if (link.kind !== "ok") return link;
        const { hashed_token: tokenHash } = link.value;
        const answer = await verify({ tokenHash, type: "magiclink" }, context);
        // A user has one link at a time: another request's, made meanwhile, has replaced this one.
        const isReplaced = answer.kind === "refused" && answer.code === "otp_expired";
        if (!isReplaced || tries === MAX_LINKS) return answer;
      }
    },

    changePassword: (token, { password, currentPassword }, context) =>
      nothing("/user", {
        method: "PUT",
        body: {
          password,
          ...(currentPassword === null ? {} : { current_password: currentPassword }),
        },
        token,
        context,
      }),

    readSession: async (token, context) =>
      read(
        await call("/user", { method: "GET", token, context }),
        (body) => readSessionBody({ access_token: token, user: user.parse(body) }),
      ),

    challengeFactor: async (token, { id, type }, context) =>
      read(
        await call(`/factors/${id}/challenge`, {
          body: type === "phone" ? { channel: "sms" } : {},
          token,
          context,
        }),
        (body) => challengeBody.parse(body).id,
      ),

    verifyFactor: (token, { factorId, challengeId, code }, context) =>
      session(`/factors/${factorId}/verify`, {
        body: { challenge_id: challengeId, code },
        token,
        context,
      }),

    enrollFactor: async (token, { type, friendlyName, phone }, context) =>
      read(
        await call("/factors", {
          body: {
            factor_type: type,
            friendly_name: friendlyName,
            ...(phone === null ? {} : { phone }),
          },
          token,
          context,
        }),
        (body) => {
          const enrolled = enrolledBody.parse(body);
          const { totp } = enrolled;
          return {
            id: enrolled.id,
            type: enrolled.type,
            friendlyName: enrolled.friendly_name ?? null,
            totp: totp ? { qrCode: totp.qr_code, secret: totp.secret, uri: totp.uri } : null,
          };
        },
      ),

    removeFactor: (token, factorId, context) =>
      nothing(`/factors/${factorId}`, { method: "DELETE", token, context }),

    passkeyOptions: async (context) =>
      read(
        await call("/passkeys/authentication/options", { body: {}, context }),
        readPasskeyOptions,
      ),

    verifyPasskey: ({ challengeId, credential }, context) =>
      session("/passkeys/authentication/verify", {
        body: { challenge_id: challengeId, credential },
        context,
      }),

    passkeyRegistrationOptions: async (token, context) =>
      read(
        await call("/passkeys/registration/options", { body: {}, token, context }),
        readPasskeyOptions,
      ),

    registerPasskey: async (token, { challengeId, credential }, context) =>
      read(
        await call("/passkeys/registration/verify", {
          body: { challenge_id: challengeId, credential },
          token,
          context,
        }),
        (body) => {
          const { id, friendly_name, created_at } = passkeyBody.parse(body);
          return { id, friendlyName: friendly_name ?? null, createdAt: created_at };
        },
      ),
  };
}

function createCaller(options: SupabaseSignInOptions) {
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

function read<Value>(
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

/** Supabase Auth gave this token a moment ago: its claims need no check of ours. */
function readSessionBody(body: z.output<typeof sessionBody>): ProviderSession {
  const { user, access_token } = body;
  const { sub, aal, amr, session_id } = tokenClaims.parse(decodeJwt(access_token));
  if (sub !== user.id) throw new TypeError("Supabase Auth answered for another user");
  const factors = (user.factors ?? []).filter(({ status }) => status === "verified");
  return {
    identity: {
      userId: user.id as UserId,
      aal,
      amr,
      hasVerifiedFactor: factors.length > 0,
      token: access_token as IdentityToken,
      identitySessionId: session_id,
    },
    email: user.email || null,
    phone: user.phone || null,
    factors: factors.map(({ id, factor_type, friendly_name }) => ({
      id,
      type: factor_type as FactorType,
      friendlyName: friendly_name || null,
    })),
    isJustConfirmed: isWithinSeconds(
      user.email_confirmed_at ?? user.phone_confirmed_at,
      user.last_sign_in_at,
    ),
  };
}

/** Both times are the database's: a confirmation and the sign-in that it opens are one request. */
function isWithinSeconds(
  confirmedAt: string | null | undefined,
  signedInAt: string | null | undefined,
): boolean {
  if (!confirmedAt || !signedInAt) return false;
  return Math.abs(Date.parse(signedInAt) - Date.parse(confirmedAt)) < 5_000;
}

function readPasskeyOptions(body: unknown) {
  const { challenge_id, options } = passkeyOptionsBody.parse(body);
  return { challengeId: challenge_id, options };
}

function addressBody(address: Address): Readonly<Record<string, string>> {
  return "email" in address ? { email: address.email } : { phone: address.phone };
}

function captcha(token: string | null): Readonly<Record<string, unknown>> {
  return token === null ? {} : { gotrue_meta_security: { captcha_token: token } };
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

function unavailable(code: string, cause?: unknown): ServiceUnavailableError {
  return new ServiceUnavailableError({ dependency: "identity_provider", code }, { cause });
}
