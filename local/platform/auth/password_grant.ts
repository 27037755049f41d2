/**
 * `POST /token?grant_type=password`: checks a password in Supabase Auth's own order, then opens a
 * session. A banned user is refused before the password is checked, as there.
 *
 * @module
 */
import type postgres from "postgres";
import { AuthFailure } from "./errors.ts";
import { openSession, type SessionIssuer } from "./session_answer.ts";
import { findUser, isBanned, type Json, type UserRow } from "./users.ts";

/** Of a password. bcrypt reads no more, and Go's refuses a longer one. */
export const MAX_PASSWORD_BYTES = 72;

/** The request of a sign-in. */
export interface PasswordSignIn {
  readonly body: Json;
  readonly userAgent: string;
  readonly clientAddress: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The answer to a password: tokens and the user. @throws {AuthFailure} */
export async function signInWithPassword(
  { sql, signer }: SessionIssuer,
  signIn: PasswordSignIn,
): Promise<Response> {
  const user = await findByCredentials(sql, signIn);
  const { userAgent, clientAddress, now } = signIn;
  const session = { userId: user.id, method: "password", userAgent, clientAddress, now };
  return await openSession({ sql, signer }, session, { weak_password: null });
}

async function findByCredentials(
  sql: postgres.Sql,
  { body, now }: PasswordSignIn,
): Promise<UserRow> {
  const { email, phone, password } = body;
  for (const field of [email, phone, password]) {
    if (field !== undefined && field !== null && typeof field !== "string") throw badJson();
  }
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

/** Of a field of the wrong type, as of a body that is none. */
function badJson(): AuthFailure {
  return new AuthFailure(400, "bad_json", "Could not parse request body as JSON");
}

function invalidCredentials(): AuthFailure {
  return new AuthFailure(400, "invalid_credentials", "Invalid login credentials");
}

/**
 * The database does the work, so that this process goes on serving meanwhile. pgcrypto does not know
 * the prefix `$2b$`, which for it means the same as `$2a$`.
 */
export async function passwordFits(
  sql: postgres.Sql,
  { hash, password }: { hash: string; password: unknown },
): Promise<boolean> {
  if (typeof password !== "string" || !/^\$2[aby]\$/.test(hash)) return false;
  if (new TextEncoder().encode(password).length > MAX_PASSWORD_BYTES) return false;
  const bcrypt = hash.replace(/^\$2[by]\$/, "$2a$");
  const [row] = await sql<{ fits: boolean }[]>`
    select extensions.crypt(${password}, ${bcrypt}) = ${bcrypt} as fits`;
  return row?.fits ?? false;
}
