/**
 * Access tokens: signs them, and judges whether a string is one of ours. Knows nothing of sessions, nor
 * of time: `iat` and `exp` are given by the caller, who has them from the database's clock, and whether
 * a genuine token has expired is the caller's to judge. docs/protocol.md says by which clock.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import * as errors from "jose/errors";
import { jwtVerify } from "jose/jwt/verify";
import type { RawAccessToken, SessionId, UserId } from "../brands.ts";
import { isCanonicalJws, toCanonicalJws } from "./jws_spelling.ts";
import { MAX_BRANCH, MAX_GENERATION } from "./refresh_token.ts";
import type { SigningKey, SigningKeys } from "./signing_keys.ts";
import { isUserRole } from "./user_roles.ts";

/** A browser drops a cookie whose name and value together are longer (RFC 6265bis section 5.6). */
const MAX_COOKIE_BYTES = 4096;

/** Longer than any token of ours, and than any header field that a server takes. */
const MAX_TOKEN_LENGTH = 8192;

/** RFC 9068: an access token that says so cannot be taken for an ID token, nor the other way round. */
const TOKEN_TYPE = "at+jwt";

/** The audience that Supabase Auth issues. */
const AUDIENCE = "authenticated";

const encoder = new TextEncoder();

const encode = (json: string) => Buffer.from(json).toString("base64url");

/** The claims of an access token. */
export interface AccessClaims {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  readonly generation: number;
  readonly branch: number;
  /** The user's own, which PostgREST, Realtime and Storage switch to. */
  readonly role: string;
  /** Authenticator assurance level: `aal1`, `aal2` … */
  readonly aal: string;
  /** How the user signed in, as Supabase Auth lists it: objects with `method` and `timestamp`. */
  readonly amr: readonly unknown[];
  readonly email: string | null;
  readonly phone: string | null;
  readonly isAnonymous: boolean;
  /** Null when the token had no room for it. */
  readonly appMetadata: Readonly<Record<string, unknown>> | null;
  /** Seconds since 1970, by the database's clock. */
  readonly issuedAt: number;
  /** Seconds since 1970, by the database's clock. */
  readonly expiresAt: number;
}

/** Why a string is not one of our access tokens. For the log; clients hear `access_token_invalid`. */
export type AccessTokenFault =
  | "too_long"
  | "malformed"
  | "unknown_key"
  | "algorithm"
  | "signature"
  | "type"
  | "issuer"
  | "audience"
  | "claims";

/** A genuine token may have expired, and its session may have ended: neither is judged here. */
export type AccessTokenResult =
  | { readonly kind: "genuine"; readonly claims: AccessClaims }
  | { readonly kind: "invalid"; readonly reason: AccessTokenFault };

/** Claims of the project's own, and changes of ours. Those that the session stands on stay ours. */
export type AddedClaims = Readonly<Record<string, unknown>>;

export interface SignedAccessToken {
  readonly token: RawAccessToken;
  /** Its claims, as verifying it answers. */
  readonly claims: AccessClaims;
  /** Whether it had to go without `app_metadata`, which should be logged. */
  readonly droppedAppMetadata: boolean;
}

export interface AccessTokens {
  /** @throws {TypeError} If what is added makes it a token that {@linkcode verify} refuses */
  sign(claims: AccessClaims, added?: AddedClaims): Promise<SignedAccessToken>;
  /** The claims of a token that is known to be genuine without a check of its signature; else null. */
  recall(raw: string): AccessClaims | null;
  /** Never throws, whatever was sent. */
  verify(raw: string): Promise<AccessTokenResult>;
}

export interface AccessTokenOptions {
  readonly keys: SigningKeys;
  /** The `iss` of every token; one of another issuer is refused. */
  readonly issuer: string;
  /** Length of the access cookie's name, which counts towards a cookie's 4,096 bytes. */
  readonly cookieNameLength: number;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A token's payload but for `iss` and `aud`, which are the same in all. */
interface Payload {
  readonly role: string;
  readonly sub: string;
  readonly session_id: string;
  readonly gen: number;
  readonly branch: number;
  readonly aal: string;
  readonly amr: readonly unknown[];
  readonly email?: string;
  readonly phone?: string;
  readonly is_anonymous: boolean;
  readonly app_metadata?: Readonly<Record<string, unknown>>;
  readonly iat: number;
  readonly exp: number;
}

/** Makes the signer and verifier of one issuer's tokens. */
export function createAccessTokens(
  { keys, issuer, cookieNameLength }: AccessTokenOptions,
): AccessTokens {
  const signPayload = async (payload: Readonly<Record<string, unknown>>) => {
    const { kid, alg } = keys.signing;
    // Not by jose, which clones the claims and hands even an HMAC to another thread.
    const header = encode(JSON.stringify({ alg, kid, typ: TOKEN_TYPE }));
    const input = `${header}.${encode(JSON.stringify({ ...payload, iss: issuer, aud: AUDIENCE }))}`;
    const signature = await keys.signing.sign(encoder.encode(input));
    const token = `${input}.${Buffer.from(signature).toString("base64url")}`;
    return toCanonicalJws(token, alg) as RawAccessToken;
  };

  return {
    async sign(claims, added = {}) {
      const whole = { ...toUserPayload(claims), ...added, ...toSessionPayload(claims) };
      const { app_metadata, ...payload } = whole;
      if (app_metadata === undefined) {
        return { token: await signPayload(payload), ...readOwn(payload) };
      }
      const token = await signPayload(whole);
      if (cookieNameLength + token.length <= MAX_COOKIE_BYTES) return { token, ...readOwn(whole) };
      return {
        token: await signPayload(payload),
        ...readOwn(payload),
        droppedAppMetadata: true,
      };
    },

    recall: () => null,

    async verify(raw) {
      if (raw.length > MAX_TOKEN_LENGTH) return { kind: "invalid", reason: "too_long" };
      const key = findKey(raw, keys);
      if (typeof key === "string") return { kind: "invalid", reason: key };
      try {
        const { payload } = await jwtVerify(raw, key.publicKey, {
          algorithms: [key.alg],
          typ: TOKEN_TYPE,
          issuer,
          audience: AUDIENCE,
          currentDate: new Date(0), // `exp` is compared by the caller
        });
        return judgePayload(payload);
      } catch (error: unknown) {
        return { kind: "invalid", reason: classifyFault(error) };
      }
    },
  };
}

/**
 * The key that the token's header names, with its own algorithm, not the header's: a token signed by
 * HMAC with the bytes of a public key never meets an HMAC verification.
 */
function findKey(raw: string, keys: SigningKeys): SigningKey | AccessTokenFault {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(raw);
  } catch {
    return "malformed";
  }
  const key = typeof header.kid === "string" ? keys.find(header.kid) : undefined;
  if (key === undefined) return "unknown_key";
  if (header.alg !== key.alg) return "algorithm";
  return isCanonicalJws(raw, key.alg) ? key : "malformed";
}

/** The claims that the project's hook may change. */
function toUserPayload(claims: AccessClaims) {
  return {
    role: claims.role,
    aal: claims.aal,
    amr: [...claims.amr],
    ...(claims.email === null ? {} : { email: claims.email }),
    ...(claims.phone === null ? {} : { phone: claims.phone }),
    is_anonymous: claims.isAnonymous,
    ...(claims.appMetadata === null ? {} : { app_metadata: claims.appMetadata }),
  } satisfies Partial<Payload>;
}

/** The claims that identify the session and the sign-in. */
function toSessionPayload(claims: AccessClaims) {
  return {
    sub: claims.userId,
    session_id: claims.sessionId,
    gen: claims.generation,
    branch: claims.branch,
    iat: claims.issuedAt,
    exp: claims.expiresAt,
  } satisfies Partial<Payload>;
}

function readOwn(
  payload: Readonly<Record<string, unknown>>,
): Pick<SignedAccessToken, "claims" | "droppedAppMetadata"> {
  const result = judgePayload(payload);
  if (result.kind === "genuine") return { claims: result.claims, droppedAppMetadata: false };
  throw new TypeError("Cannot sign an access token: its claims are not of our form");
}

/** By hand and not by zod: a cold start would wait for it. */
function judgePayload(payload: Readonly<Record<string, unknown>>): AccessTokenResult {
  const { role, sub, session_id, gen, branch, aal, amr, iat, exp } = payload;
  const { email, phone, is_anonymous, app_metadata } = payload;
  const isWhole = typeof role === "string" && isUserRole(role) && isUuid(sub) &&
    isUuid(session_id) &&
    isInteger(gen, { min: 1, max: MAX_GENERATION }) &&
    isInteger(branch, { min: 0, max: MAX_BRANCH }) &&
    typeof aal === "string" && Array.isArray(amr) &&
    (email === undefined || typeof email === "string") &&
    (phone === undefined || typeof phone === "string") && typeof is_anonymous === "boolean" &&
    (app_metadata === undefined || isJsonObject(app_metadata)) &&
    isInteger(iat, { min: 1, max: Number.MAX_SAFE_INTEGER }) &&
    isInteger(exp, { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (!isWhole) return { kind: "invalid", reason: "claims" };
  return {
    kind: "genuine",
    claims: {
      userId: sub as UserId,
      sessionId: session_id as SessionId,
      generation: gen,
      branch,
      role,
      aal,
      amr,
      email: email ?? null,
      phone: phone ?? null,
      isAnonymous: is_anonymous,
      appMetadata: app_metadata ?? null,
      issuedAt: iat,
      expiresAt: exp,
    },
  };
}

function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}

function isInteger(
  value: unknown,
  { min, max }: { readonly min: number; readonly max: number },
): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}

function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An error that jose does not raise itself is our fault or the machine's, and says nothing about the token. */
function classifyFault(error: unknown): AccessTokenFault {
  if (error instanceof errors.JWSSignatureVerificationFailed) return "signature";
  if (error instanceof errors.JOSEAlgNotAllowed) return "algorithm";
  if (error instanceof errors.JWTExpired) return "claims"; // `exp` of 1970 or before
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.claim) {
      case "typ":
        return "type";
      case "iss":
        return "issuer";
      case "aud":
        return "audience";
      default:
        return "claims";
    }
  }
  if (error instanceof errors.JOSEError) return "malformed";
  throw error;
}
