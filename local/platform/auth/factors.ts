/**
 * `/factors`: a second factor is enrolled, challenged, verified and removed, all with the user's own
 * token. A challenge belongs to the address that asked for it, not to the session.
 *
 * @module
 */
import { randomInt } from "node:crypto";
import type postgres from "postgres";
import { renderSVG } from "uqr";
import { AuthFailure } from "./errors.ts";
import type { Mailbox } from "./mailbox.ts";
import { answerSession, type SessionIssuer } from "./session_answer.ts";
import { isTotpCode, makeTotpSecret } from "./totp.ts";
import type { Json, UserRow } from "./users.ts";

/** A signed-in user, the session of the token, and what else a request came with. */
export interface FactorRequest {
  readonly user: UserRow;
  readonly sessionId: string;
  readonly body: Json;
  readonly clientAddress: string;
  readonly now: number;
}

const CHALLENGE_LIFETIME_MS = 300_000;
const MAX_FACTORS = 10;

/** `POST /factors` @throws {AuthFailure} */
export async function enrollFactor(
  sql: postgres.Sql,
  { user, sessionId, body }: FactorRequest,
): Promise<Response> {
  const type = body.factor_type;
  if (type !== "totp" && type !== "phone") {
    throw type === "webauthn"
      ? new AuthFailure(
        422,
        "mfa_webauthn_enroll_not_enabled",
        "MFA enroll is disabled for WebAuthn",
      )
      : new AuthFailure(
        400,
        "validation_failed",
        "factor_type needs to be totp, phone, or webauthn",
      );
  }
  const hasVerified = user.factors.some(({ status }) => status === "verified");
  if (hasVerified && await levelOf(sql, sessionId) === "aal1") {
    throw new AuthFailure(403, "insufficient_aal", "AAL2 required to enroll a new factor");
  }
  if (user.factors.length >= MAX_FACTORS) {
    throw new AuthFailure(
      422,
      "too_many_enrolled_mfa_factors",
      "Maximum number of factors reached",
    );
  }
  const name = typeof body.friendly_name === "string" ? body.friendly_name : "";
  if (name && user.factors.some(({ friendly_name }) => friendly_name === name)) {
    throw new AuthFailure(422, "mfa_factor_name_conflict", `A factor named ${name} already exists`);
  }
  const id = crypto.randomUUID();
  const secret = type === "totp" ? makeTotpSecret() : "";
  const phone = type === "phone" ? String(body.phone ?? "").replace(/^\+/, "") : null;
  await sql`
    insert into auth.mfa_factors (
      id, user_id, friendly_name, factor_type, status, secret, phone, created_at, updated_at
    ) values (${id}, ${user.id}, ${name}, ${type}, 'unverified', ${secret}, ${phone}, now(), now())`;
  if (type === "phone") return Response.json({ id, type, friendly_name: name, phone });
  const issuer = typeof body.issuer === "string" ? body.issuer : "127.0.0.1";
  const uri = `otpauth://totp/${
    encodeURIComponent(`${issuer}:${user.email}`)
  }?${new URLSearchParams(
    { secret, issuer, algorithm: "SHA1", digits: "6", period: "30" },
  )}`;
  return Response.json({
    id,
    type,
    friendly_name: name,
    totp: { qr_code: renderSVG(uri, { border: 4 }), secret, uri }, // supabase-js makes an address of the image
  });
}

/** `POST /factors/{id}/challenge` @throws {AuthFailure} */
export async function challengeFactor(
  sql: postgres.Sql,
  { factorId, mailbox, ...request }: FactorRequest & {
    readonly factorId: string;
    readonly mailbox: Mailbox;
  },
): Promise<Response> {
  const factor = await findFactor(sql, { userId: request.user.id, factorId });
  const id = crypto.randomUUID();
  const code = factor.factor_type === "phone"
    ? String(randomInt(1_000_000)).padStart(6, "0")
    : null;
  await sql`
    insert into auth.mfa_challenges (id, factor_id, created_at, ip_address, otp_code)
    values (${id}, ${factorId}, now(), ${request.clientAddress}, ${code})`;
  await sql`
    update auth.mfa_factors set last_challenged_at = clock_timestamp() where id = ${factorId}`;
  if (code) {
    await mailbox.deliver({
      to: `+${factor.phone}`,
      kind: "sms",
      token: code,
      tokenHash: "",
      redirectTo: "",
      confirmationUrl: "",
    });
  }
  const expires_at = Math.floor((request.now + CHALLENGE_LIFETIME_MS) / 1000);
  return Response.json({ id, type: factor.factor_type, expires_at });
}

/** `POST /factors/{id}/verify`: the same session, at `aal2`. @throws {AuthFailure} */
export async function verifyFactor(
  issuer: SessionIssuer,
  { factorId, ...request }: FactorRequest & { readonly factorId: string },
): Promise<Response> {
  const { sql } = issuer;
  const { user, sessionId, body, clientAddress, now } = request;
  const factor = await findFactor(sql, { userId: user.id, factorId });
  const [challenge] = await sql<ChallengeRow[]>`
    select challenge.id, challenge.created_at, host(challenge.ip_address) as ip, challenge.otp_code
    from auth.mfa_challenges as challenge
    where challenge.id::text = ${String(body.challenge_id)} and challenge.factor_id = ${factorId}`;
  if (!challenge) {
    throw new AuthFailure(
      422,
      "mfa_factor_not_found",
      "MFA factor with the provided challenge ID not found",
    );
  }
  if (challenge.ip !== clientAddress) {
    throw new AuthFailure(
      422,
      "mfa_ip_address_mismatch",
      "Challenge and verify IP addresses mismatch.",
    );
  }
  if (challenge.created_at.getTime() + CHALLENGE_LIFETIME_MS <= now) {
    throw new AuthFailure(
      422,
      "mfa_challenge_expired",
      `MFA challenge ${challenge.id} has expired`,
    );
  }
  const code = typeof body.code === "string" ? body.code : "";
  const isRight = factor.factor_type === "totp"
    ? isTotpCode(factor.secret ?? "", { code, now })
    : code !== "" && challenge.otp_code === code;
  if (!isRight) {
    throw new AuthFailure(422, "mfa_verification_failed", "Invalid TOTP code entered");
  }
  const method = factor.factor_type === "totp" ? "totp" : "mfa/phone";
  await sql.begin((tx) => [
    tx`update auth.mfa_challenges set verified_at = now() where id = ${challenge.id}`,
    tx`update auth.mfa_factors set status = 'verified', updated_at = now() where id = ${factorId}`,
    tx`
      update auth.sessions set aal = 'aal2', factor_id = ${factorId}, updated_at = now()
      where id = ${sessionId}`,
    tx`
      insert into auth.mfa_amr_claims
        (id, session_id, created_at, updated_at, authentication_method)
      values (gen_random_uuid(), ${sessionId}, now(), now(), ${method})
      on conflict (session_id, authentication_method) do update set updated_at = now()`,
    // Of two half-done sign-ins the other one ends.
    tx`
      delete from auth.sessions
      where user_id = ${user.id} and aal = 'aal1' and id <> ${sessionId}`,
  ]);
  const answer = await answerSession(issuer, { userId: user.id, sessionId, now });
  return Response.json(await answer.json());
}

/** `DELETE /factors/{id}` @throws {AuthFailure} */
export async function removeFactor(
  sql: postgres.Sql,
  { factorId, user, sessionId }: FactorRequest & { readonly factorId: string },
): Promise<Response> {
  const factor = await findFactor(sql, { userId: user.id, factorId });
  if (factor.status === "verified" && await levelOf(sql, sessionId) === "aal1") {
    throw new AuthFailure(422, "insufficient_aal", "AAL2 required to unenroll verified factor");
  }
  await sql.begin((tx) => [
    tx`delete from auth.mfa_factors where id = ${factorId}`,
    tx`update auth.sessions set aal = 'aal1', factor_id = null where factor_id = ${factorId}`,
  ]);
  return Response.json({ id: factorId });
}

interface FactorRow {
  readonly factor_type: "totp" | "phone" | "webauthn";
  readonly status: "unverified" | "verified";
  readonly secret: string | null;
  readonly phone: string | null;
}

interface ChallengeRow {
  readonly id: string;
  readonly created_at: Date;
  readonly ip: string;
  readonly otp_code: string | null;
}

async function findFactor(
  sql: postgres.Sql,
  { userId, factorId }: { readonly userId: string; readonly factorId: string },
): Promise<FactorRow> {
  const [factor] = await sql<FactorRow[]>`
    select factor.factor_type, factor.status, factor.secret, factor.phone
    from auth.mfa_factors as factor
    where factor.id::text = ${factorId} and factor.user_id = ${userId}`;
  if (factor) return factor;
  throw new AuthFailure(404, "mfa_factor_not_found", "MFA factor not found");
}

async function levelOf(sql: postgres.Sql, sessionId: string): Promise<string> {
  const [session] = await sql<{ aal: string }[]>`
    select sessions.aal from auth.sessions as sessions where sessions.id = ${sessionId}`;
  return session?.aal ?? "aal1";
}
