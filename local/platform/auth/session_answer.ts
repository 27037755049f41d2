/**
 * The end of every sign-in: a session in the tables, and the answer that carries its tokens and the
 * user.
 *
 * @module
 */
import type postgres from "postgres";
import { type AccessTokenSigner, signAccessToken } from "./access_tokens.ts";
import { AuthFailure } from "./errors.ts";
import { findUser, type Json, renderUser } from "./users.ts";

/** Who signs in, how, and from where. */
export interface NewSession {
  readonly userId: string;
  /** As `amr` names it: `password`, `otp`, `oauth` … */
  readonly method: string;
  readonly userAgent: string;
  readonly clientAddress: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The database and the key of the tokens. */
export interface SessionIssuer {
  readonly sql: postgres.Sql;
  readonly signer: AccessTokenSigner;
}

/** Opens a session at `aal1` and answers its tokens, with `more` beside them. */
export async function openSession(
  { sql, signer }: SessionIssuer,
  session: NewSession,
  more: Json = {},
): Promise<Response> {
  const { userId, method, userAgent, clientAddress, now } = session;
  const sessionId = crypto.randomUUID();
  await sql.begin((tx) => [
    tx`
      insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
      values (${sessionId}, ${userId}, now(), now(), 'aal1', ${userAgent}, ${clientAddress})`,
    tx`
      insert into auth.mfa_amr_claims
        (id, session_id, created_at, updated_at, authentication_method)
      values (gen_random_uuid(), ${sessionId}, now(), now(), ${method})`,
    tx`
      update auth.users set last_sign_in_at = now(), updated_at = now() where id = ${userId}`,
  ]);
  return await answerSession({ sql, signer }, { userId, sessionId, now, more });
}

/** A new pair of tokens of a session as it is now, whichever factors it has seen. */
export async function answerSession(
  { sql, signer }: SessionIssuer,
  { userId, sessionId, now, more = {} }: {
    readonly userId: string;
    readonly sessionId: string;
    readonly now: number;
    readonly more?: Json;
  },
): Promise<Response> {
  const refreshToken = makeRefreshToken();
  await sql`
    insert into auth.refresh_tokens
      (instance_id, token, user_id, session_id, parent, revoked, created_at, updated_at)
    values (${NIL_UUID}, ${refreshToken}, ${userId}, ${sessionId}, '', false, now(), now())`;
  const [session] = await sql<{ aal: string; amr: { method: string; timestamp: number }[] }[]>`
    select
      sessions.aal,
      (
        select json_agg(json_build_object(
          'method', claims.authentication_method,
          'timestamp', extract(epoch from claims.updated_at)::bigint
        ) order by claims.updated_at desc)
        from auth.mfa_amr_claims as claims
        where claims.session_id = sessions.id
      ) as amr
    from auth.sessions as sessions
    where sessions.id = ${sessionId}`;
  const user = await findUser(sql, { id: userId });
  if (!session || !user) {
    throw new AuthFailure(403, "session_not_found", "Session from session_id claim does not exist");
  }
  const accessToken = await signAccessToken(signer, { user, sessionId, now, ...session });
  return Response.json({
    access_token: accessToken.token,
    token_type: "bearer",
    expires_in: accessToken.expiresInSeconds,
    expires_at: accessToken.expiresAt,
    refresh_token: refreshToken,
    user: renderUser(user),
    ...more,
  }, {
    headers: {
      "sb-auth-user-id": userId,
      "sb-auth-session-id": sessionId,
      "sb-auth-refresh-token-prefix": refreshToken.slice(0, 5),
    },
  });
}

const NIL_UUID = "00000000-0000-0000-0000-000000000000";
const REFRESH_TOKEN_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** Twelve characters of base32, as Supabase Auth makes them. Nothing here takes it back. */
function makeRefreshToken(): string {
  const bytes = [...crypto.getRandomValues(new Uint8Array(12))];
  return bytes.map((byte) => REFRESH_TOKEN_ALPHABET[byte % 32]).join("");
}
