/**
 * The sign-in flows at Supabase Auth: which request each takes, and what its answer holds.
 *
 * @module
 */

import { decodeJwt } from "jose/jwt/decode";
import * as z from "zod";
import type { UserId } from "../brands.ts";
import type { IdentityToken } from "./identity_provider.ts";
import type { RequestContext } from "../store/session_store.ts";
import type {
  Address,
  Factor,
  FactorType,
  ProviderAnswer,
  ProviderSession,
  SignInProvider,
  Verification,
} from "./sign_in_provider.ts";
import {
  type Call,
  createSupabaseAuthCaller,
  readAnswer,
  type SupabaseAuthOptions,
  unavailable,
} from "./supabase_auth_requests.ts";

export interface SupabaseSignInOptions extends SupabaseAuthOptions {
  /** Where browsers reach this function, such as `https://api.example.com/functions/v1/unified-auth`. */
  readonly publicUrl: string;
}

/** How many links are asked for where other requests of the same user ask at once. */
const MAX_LINKS = 5;

const factor = z.object({
  id: z.guid(),
  status: z.string(),
  factor_type: z.string(),
  friendly_name: z.string().nullish(),
});

const ownFactor = factor.extend({ created_at: z.string() });

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

const linkBody = z.object({
  id: z.guid(),
  hashed_token: z.string(),
  verification_type: z.string(),
});
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

export function createSupabaseSignInProvider(options: SupabaseSignInOptions): SignInProvider {
  const call = createSupabaseAuthCaller(options);
  const callbackUrl = `${options.publicUrl}/callback`;
  const confirmUrl = `${options.publicUrl}/confirm`;

  const readSession = (body: z.output<typeof sessionBody>) =>
    readSessionBody(body, options.timeoutMs);
  const session = async (path: string, request: Call): Promise<ProviderAnswer<ProviderSession>> =>
    readAnswer(await call(path, request), (body) => readSession(sessionBody.parse(body)));
  const nothing = async (path: string, request: Call): Promise<ProviderAnswer<null>> =>
    readAnswer(await call(path, request), () => null);

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
      return readAnswer(
        answer,
        (body) =>
          signUpBody.parse(body).access_token === undefined
            ? null
            : readSession(sessionBody.parse(body)),
      );
    },

    verify,

    async openSessionOf({ userId, email }, context) {
      for (let tries = 1;; tries += 1) {
        const link = readAnswer(
          await call("/admin/generate_link", {
            body: { type: "magiclink", email },
            isAdmin: true,
            context,
          }),
          (body) => linkBody.parse(body),
        );
        if (link.kind !== "ok") return link;
        const { id, hashed_token: tokenHash } = link.value;
        // A user of single sign-on may have the address of another account, which the link would confirm.
        if (id !== userId) return { kind: "refused", code: "current_password_required" };
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
      readAnswer(
        await call("/user", { method: "GET", token, context }),
        (body) => readSession({ access_token: token, user: user.parse(body) }),
      ),

    listFactors: async (userId, context) =>
      readAnswer(
        await call(`/admin/users/${userId}/factors`, { method: "GET", isAdmin: true, context }),
        (body) =>
          (z.array(ownFactor).nullable().parse(body) ?? []).map((own) => ({
            ...readFactor(own),
            isVerified: own.status === "verified",
            createdAt: own.created_at,
          })),
      ),

    challengeFactor: async (token, { id, type }, context) =>
      readAnswer(
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
      readAnswer(
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
      readAnswer(
        await call("/passkeys/authentication/options", { body: {}, context }),
        readPasskeyOptions,
      ),

    verifyPasskey: ({ challengeId, credential }, context) =>
      session("/passkeys/authentication/verify", {
        body: { challenge_id: challengeId, credential },
        context,
      }),

    passkeyRegistrationOptions: async (token, context) =>
      readAnswer(
        await call("/passkeys/registration/options", { body: {}, token, context }),
        readPasskeyOptions,
      ),

    registerPasskey: async (token, { challengeId, credential }, context) =>
      readAnswer(
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

/** Supabase Auth gave this token a moment ago: its claims need no check of ours. */
function readSessionBody(
  body: z.output<typeof sessionBody>,
  maxRequestMs: number,
): ProviderSession {
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
    factors: factors.map(readFactor),
    justConfirmedAt: justConfirmedAt(user, maxRequestMs),
  };
}

/**
 * A confirmation and the sign-in that it opens are one request, and Supabase Auth writes both times in it by
 * one clock. Of a request that was answered in time they are no further apart than `maxRequestMs`: none is
 * missed. A second sign-in as soon as that repeats the time of the confirmation, and so is recognised.
 */
function justConfirmedAt(
  { email_confirmed_at, phone_confirmed_at, last_sign_in_at }: z.output<typeof user>,
  maxRequestMs: number,
): string | null {
  const confirmedAt = email_confirmed_at ?? phone_confirmed_at;
  if (!confirmedAt || !last_sign_in_at) return null;
  const elapsedMs = Date.parse(last_sign_in_at) - Date.parse(confirmedAt);
  return Math.abs(elapsedMs) <= maxRequestMs ? confirmedAt : null;
}

function readFactor({ id, factor_type, friendly_name }: z.output<typeof factor>): Factor {
  return { id, type: factor_type as FactorType, friendlyName: friendly_name || null };
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
