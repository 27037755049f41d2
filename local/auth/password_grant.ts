/**
 * `POST /token?grant_type=password`: checks a password in Supabase Auth's own order, then opens a
 * session. A banned user is told so before the password is looked at, as there.
 *
 * @module
 */
import type postgres from "postgres";
import { type AccessTokenSigner, signAccessToken } from "./access_tokens.ts";
import { AuthFailure } from "./errors.ts";
import { findUser, isBanned, type Json, renderUser, type UserRow } from "./users.ts";

/** What a sign-in comes with. */
export interface PasswordSignIn {
  readonly body: Json;
  readonly userAgent: string;
  readonly clientAddress: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The answer to a password: tokens and the user. @throws {AuthFailure} */
export async function signInWithPassword(
  { sql, signer }: { sql: postgres.Sql; signer: AccessTokenSigner },
  signIn: PasswordSignIn,
): Promise<Response> {
  const user = await findByCredentials(sql, signIn);
  const sessionId = crypto.randomUUID();
  const refreshToken = makeRefreshToken();
  await openSession(sql, { user, sessionId, refreshToken, signIn });

  const signedIn = await findUser(sql, { id: user.id }) ?? user;
  const { now } = signIn;
  const accessToken = await signAccessToken(signer, { user: signedIn, sessionId, now });
  return Response.json({
    access_token: accessToken.token,
    token_type: "bearer",
    expires_in: accessToken.expiresInSeconds,
    expires_at: accessToken.expiresAt,
    refresh_token: refreshToken,
    user: renderUser(signedIn),
    weak_password: null,
  }, { headers: { "sb-auth-user-id": user.id, "sb-auth-session-id": sessionId } });
}

async function findByCredentials(
  sql: postgres.Sql,
  { body, now }: PasswordSignIn,
): Promise<UserRow> {
  const { email, phone, password } = body;
  if (email && phone) {
    throw new AuthFailure(
      400,
      "validation_failed",
      "Only an email address or phone number should be provided on login.",
    );
  }
  if (phone) throw new AuthFailure(422, "phone_provider_disabled", "Phone logins are disabled");
  if (typeof email !== "string" || email === "") {
    throw new AuthFailure(400, "validation_failed", "missing email or phone");
  }
  const user = await findUser(sql, { email });
  if (!user?.encrypted_password) throw invalidCredentials();
  if (isBanned(user, now)) throw new AuthFailure(400, "user_banned", "User is banned");
  if (!await passwordFits(sql, { hash: user.encrypted_password, password })) {
    throw invalidCredentials();
  }
  if (!user.email_confirmed_at) {
    throw new AuthFailure(400, "email_not_confirmed", "Email not confirmed");
  }
  return user;
}

function invalidCredentials(): AuthFailure {
  return new AuthFailure(400, "invalid_credentials", "Invalid login credentials");
}

/**
 * The database does the work, so that this process goes on serving meanwhile. pgcrypto does not know
 * the prefix `$2b$`, which for it means the same as `$2a$`.
 */
async function passwordFits(
  sql: postgres.Sql,
  { hash, password }: { hash: string; password: unknown },
): Promise<boolean> {
  if (typeof password !== "string" || !/^\$2[aby]\$/.test(hash)) return false;
  const bcrypt = hash.replace(/^\$2[by]\$/, "$2a$");
  const [row] = await sql<{ fits: boolean }[]>`
    select extensions.crypt(${password}, ${bcrypt}) = ${bcrypt} as fits`;
  return row?.fits ?? false;
}

async function openSession(
  sql: postgres.Sql,
  { user, sessionId, refreshToken, signIn }: {
    user: UserRow;
    sessionId: string;
    refreshToken: string;
    signIn: PasswordSignIn;
  },
): Promise<void> {
  const { userAgent, clientAddress } = signIn;
  await sql.begin((tx) => [
    tx`
      insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
      values (${sessionId}, ${user.id}, now(), now(), 'aal1', ${userAgent}, ${clientAddress})`,
    tx`
      insert into auth.mfa_amr_claims
        (id, session_id, created_at, updated_at, authentication_method)
      values (gen_random_uuid(), ${sessionId}, now(), now(), 'password')`,
    tx`
      insert into auth.refresh_tokens
        (instance_id, token, user_id, session_id, parent, revoked, created_at, updated_at)
      values (${NIL_UUID}, ${refreshToken}, ${user.id}, ${sessionId}, '', false, now(), now())`,
    tx`
      update auth.users set last_sign_in_at = now(), updated_at = now() where id = ${user.id}`,
  ]);
}

const NIL_UUID = "00000000-0000-0000-0000-000000000000";
const REFRESH_TOKEN_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** Twelve characters of base32, as Supabase Auth makes them. Nothing here takes it back. */
function makeRefreshToken(): string {
  const bytes = [...crypto.getRandomValues(new Uint8Array(12))];
  return bytes.map((byte) => REFRESH_TOKEN_ALPHABET[byte % 32]).join("");
}
