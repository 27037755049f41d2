/**
 * Supabase Auth's own access tokens: made at sign-in, and asked for by every route of a signed-in
 * user or an administrator.
 *
 * @module
 */
import { type CryptoKey, importJWK, type JWK, SignJWT } from "jose";
import type postgres from "postgres";
import { roleOfKey } from "../project_keys.ts";
import type { CallerOptions, Claims, SignatureCheck } from "../token_signatures.ts";
import { AuthFailure } from "./errors.ts";
import { findUser, isBanned, type UserRow } from "./users.ts";

/** The key that signs tokens, and their issuer. */
export interface AccessTokenSigner {
  readonly signingKey: JWK;
  /** Such as `http://127.0.0.1:54321/auth/v1`. */
  readonly issuer: string;
  /** @default {3600} as in Supabase Auth */
  readonly accessTokenTtlSeconds?: number;
}

/** A token and when it ends. */
export interface AccessToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** Signs a token of a session at `now`, in milliseconds since 1970. */
export async function signAccessToken(
  { signingKey, issuer, accessTokenTtlSeconds = 3600 }: AccessTokenSigner,
  { user, sessionId, now, aal, amr }: {
    readonly user: UserRow;
    readonly sessionId: string;
    readonly now: number;
    readonly aal: string;
    readonly amr: readonly { readonly method: string; readonly timestamp: number }[];
  },
): Promise<AccessToken> {
  const issuedAt = Math.floor(now / 1000);
  const expiresAt = issuedAt + accessTokenTtlSeconds;
  const token = await new SignJWT({
    email: user.email ?? "",
    phone: user.phone ?? "",
    app_metadata: user.raw_app_meta_data ?? {},
    user_metadata: user.raw_user_meta_data ?? {},
    role: user.role,
    aal,
    amr,
    session_id: sessionId,
    is_anonymous: user.is_anonymous,
  })
    .setProtectedHeader({ alg: "ES256", typ: "JWT", kid: signingKey.kid ?? "" })
    .setIssuer(issuer)
    .setSubject(user.id)
    .setAudience("authenticated")
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(await importJWK(signingKey, "ES256") as CryptoKey);
  return { token, expiresInSeconds: accessTokenTtlSeconds, expiresAt };
}

/** The claims of the request's bearer: a project key's role, or a token's. @throws {AuthFailure} */
export async function readBearer(
  request: Request,
  { keys, checkSignature, now }: CallerOptions,
): Promise<Claims> {
  const header = request.headers.get("authorization") ?? "";
  // A project's gateway makes a bearer of the key where a request has none.
  const token = /^bearer\s+(\S+)$/i.exec(header)?.[1] ?? request.headers.get("apikey");
  if (!token) {
    throw new AuthFailure(401, "no_authorization", "This endpoint requires a valid Bearer token");
  }
  const role = roleOfKey(keys, token);
  if (role) return { role };
  const check = await checkSignature(token);
  if (check.outcome !== "good") throw badToken(reasonOf(check));
  const { exp, nbf } = check.claims;
  if (typeof exp === "number" && exp * 1000 <= now()) {
    throw badToken("token has invalid claims: token is expired");
  }
  if (typeof nbf === "number" && nbf * 1000 > now()) {
    throw badToken("token has invalid claims: token is not valid yet");
  }
  return check.claims;
}

function badToken(reason: string): AuthFailure {
  const message = `invalid JWT: unable to parse or verify signature, ${reason}`;
  return new AuthFailure(403, "bad_jwt", message);
}

function reasonOf(check: Exclude<SignatureCheck, { outcome: "good" }>): string {
  switch (check.outcome) {
    case "not_three_parts":
      return "token is malformed: token contains an invalid number of segments";
    case "not_a_token":
      return `token is malformed: ${check.reason}`;
    case "unsupported_algorithm":
      return `token signature is invalid: signing method ${check.algorithm} is invalid`;
    case "unknown_key":
      return "token is unverifiable: error while executing keyfunc: unrecognized JWT kid";
    case "wrong_signature":
      return "token signature is invalid";
    default:
      return check satisfies never;
  }
}

/** @throws {AuthFailure} 403 unless the claims are an administrator's. */
export function requireAdmin({ role }: Claims): void {
  if (role === "service_role" || role === "supabase_admin") return;
  throw new AuthFailure(403, "not_admin", "User not allowed");
}

/** A user who is signed in, with the session of the token if it names one. */
export interface SignedIn {
  readonly user: UserRow;
  readonly sessionId: string | undefined;
}

/** Values of `session_id` that Supabase Auth takes for none. */
const NO_SESSION = new Set(["", "00000000-0000-0000-0000-000000000000"]);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws {AuthFailure} when the user or the session is gone, or the user is banned. */
export async function requireUser(
  sql: postgres.Sql,
  { claims, now }: { claims: Claims; now: number },
): Promise<SignedIn> {
  const { sub, session_id } = claims;
  if (typeof sub !== "string" || sub === "") {
    throw new AuthFailure(403, "bad_jwt", "invalid claim: missing sub claim");
  }
  if (!UUID.test(sub)) {
    throw new AuthFailure(400, "bad_jwt", "invalid claim: sub claim must be a UUID");
  }
  const user = await findUser(sql, { id: sub });
  if (!user) {
    throw new AuthFailure(403, "user_not_found", "User from sub claim in JWT does not exist");
  }
  if (isBanned(user, now)) throw new AuthFailure(403, "user_banned", "User is banned");
  if (typeof session_id !== "string" || NO_SESSION.has(session_id)) {
    return { user, sessionId: undefined };
  }
  if (!UUID.test(session_id)) {
    throw new AuthFailure(403, "bad_jwt", "invalid claim: session_id claim must be a UUID");
  }
  // Whose session it is, Supabase Auth does not ask.
  const [session] = await sql`
    select from auth.sessions as sessions where sessions.id = ${session_id}`;
  if (session) return { user, sessionId: session_id };
  throw new AuthFailure(
    403,
    "session_not_found",
    "Session from session_id claim in JWT does not exist",
  );
}
