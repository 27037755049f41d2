/**
 * Passkeys: a first factor by WebAuthn. Each challenge is used up by the first try, right or wrong. Of a
 * new credential the key is taken from the browser's own `publicKey` and no attestation is looked at.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createPublicKey, randomBytes, verify } from "node:crypto";
import type postgres from "postgres";
import { AuthFailure } from "./errors.ts";
import { openSession, type SessionIssuer } from "./session_answer.ts";
import { findUser, isBanned, type Json, type UserRow } from "./users.ts";

const LIFETIME_MS = 300_000;

/** The site whose passkeys count: its host, and its origins. */
export interface RelyingParty {
  readonly id: string;
  readonly origins: readonly string[];
}

/** `POST /passkeys/authentication/options` */
export async function offerAuthentication(
  sql: postgres.Sql,
  { party, now }: { readonly party: RelyingParty; readonly now: number },
): Promise<Response> {
  const { id, challenge, expiresAt } = await makeChallenge(sql, { userId: null, now });
  return Response.json({
    challenge_id: id,
    options: {
      challenge,
      timeout: LIFETIME_MS,
      rpId: party.id,
      userVerification: "preferred",
    },
    expires_at: expiresAt,
  });
}

/** `POST /passkeys/authentication/verify` @throws {AuthFailure} */
export async function verifyAuthentication(
  issuer: SessionIssuer,
  { body, party, userAgent, clientAddress, now }: {
    readonly body: Json;
    readonly party: RelyingParty;
    readonly userAgent: string;
    readonly clientAddress: string;
    readonly now: number;
  },
): Promise<Response> {
  const { sql } = issuer;
  const challenge = await takeChallenge(sql, { body, userId: null, now });
  const credential = readCredential(body.credential);
  const { clientDataJSON, authenticatorData, signature } = credential.response;
  requireClientData(clientDataJSON, { type: "webauthn.get", challenge, party });
  const [known] = await sql<{ id: string; user_id: string; public_key: Uint8Array }[]>`
    select c.id, c.user_id, c.public_key from auth.webauthn_credentials as c
    where c.credential_id = ${credential.id}`;
  const data = Buffer.from(authenticatorData ?? "", "base64url");
  const isOfSite = data.subarray(0, 32)
    .equals(createHash("sha256").update(party.id).digest());
  const signed = Buffer.concat([
    data,
    createHash("sha256").update(Buffer.from(clientDataJSON, "base64url")).digest(),
  ]);
  if (
    !known || !isOfSite || !verify(
      "sha256",
      signed,
      createPublicKey({ key: Buffer.from(known.public_key), format: "der", type: "spki" }),
      Buffer.from(signature ?? "", "base64url"),
    )
  ) {
    throw verificationFailed();
  }
  const user = await findUser(sql, { id: known.user_id });
  if (!user) throw verificationFailed();
  if (isBanned(user, now)) throw new AuthFailure(403, "user_banned", "User is banned");
  await sql`update auth.webauthn_credentials set last_used_at = now() where id = ${known.id}`;
  return await openSession(issuer, {
    userId: user.id,
    method: "passkey",
    userAgent,
    clientAddress,
    now,
  });
}

/** `POST /passkeys/registration/options` @throws {AuthFailure} */
export async function offerRegistration(
  sql: postgres.Sql,
  { user, sessionId, party, now }: {
    readonly user: UserRow;
    readonly sessionId: string;
    readonly party: RelyingParty;
    readonly now: number;
  },
): Promise<Response> {
  await requireLevel(sql, { user, sessionId });
  const { id, challenge, expiresAt } = await makeChallenge(sql, { userId: user.id, now });
  const name = user.email ?? user.phone ?? "";
  const registered = await sql<{ credential_id: Uint8Array }[]>`
    select c.credential_id from auth.webauthn_credentials as c where c.user_id = ${user.id}`;
  return Response.json({
    challenge_id: id,
    options: {
      rp: { name: "Unified Auth", id: party.id },
      user: { name, displayName: name, id: Buffer.from(user.id).toString("base64url") },
      challenge,
      excludeCredentials: registered.map(({ credential_id }) => ({
        type: "public-key",
        id: Buffer.from(credential_id).toString("base64url"),
      })),
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      timeout: LIFETIME_MS,
      authenticatorSelection: { residentKey: "required", userVerification: "preferred" },
      attestation: "none",
    },
    expires_at: expiresAt,
  });
}

/** `POST /passkeys/registration/verify` @throws {AuthFailure} */
export async function verifyRegistration(
  sql: postgres.Sql,
  { user, sessionId, body, party, now }: {
    readonly user: UserRow;
    readonly sessionId: string;
    readonly body: Json;
    readonly party: RelyingParty;
    readonly now: number;
  },
): Promise<Response> {
  await requireLevel(sql, { user, sessionId });
  const challenge = await takeChallenge(sql, { body, userId: user.id, now });
  const { id, response } = readCredential(body.credential);
  requireClientData(response.clientDataJSON, { type: "webauthn.create", challenge, party });
  if (!response.publicKey) throw verificationFailed();
  const key = Buffer.from(response.publicKey, "base64url");
  const [row] = await sql`
    insert into auth.webauthn_credentials (user_id, credential_id, public_key, friendly_name)
    values (${user.id}, ${id}, ${key}, 'Passkey')
    on conflict (credential_id) do nothing
    returning id, friendly_name, created_at`;
  if (!row) throw verificationFailed();
  return Response.json(row);
}

async function makeChallenge(
  sql: postgres.Sql,
  { userId, now }: { readonly userId: string | null; readonly now: number },
): Promise<{ readonly id: string; readonly challenge: string; readonly expiresAt: number }> {
  const challenge = randomBytes(32).toString("base64url");
  const expires = new Date(now + LIFETIME_MS);
  const [row] = await sql<{ id: string }[]>`
    insert into auth.webauthn_challenges (user_id, challenge, expires_at)
    values (${userId}, ${challenge}, ${expires})
    returning id`;
  return { id: row?.id ?? "", challenge, expiresAt: Math.floor(expires.getTime() / 1000) };
}

async function takeChallenge(
  sql: postgres.Sql,
  { body, userId, now }: {
    readonly body: Json;
    readonly userId: string | null;
    readonly now: number;
  },
): Promise<string> {
  const [row] = await sql<{ challenge: string; expires_at: Date }[]>`
    delete from auth.webauthn_challenges as c
    where c.id::text = ${String(body.challenge_id)} and c.user_id is not distinct from ${userId}
    returning c.challenge, c.expires_at`;
  if (!row) {
    throw new AuthFailure(400, "webauthn_challenge_not_found", "Challenge not found");
  }
  if (row.expires_at.getTime() <= now) {
    throw new AuthFailure(400, "webauthn_challenge_expired", "Challenge has expired");
  }
  return row.challenge;
}

interface Credential {
  readonly id: Uint8Array;
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData?: string;
    readonly signature?: string;
    readonly publicKey?: string;
  };
}

function readCredential(given: unknown): Credential {
  const { id, response } = (given ?? {}) as { readonly id?: unknown; readonly response?: unknown };
  if (typeof id !== "string" || typeof response !== "object" || response === null) {
    throw new AuthFailure(400, "validation_failed", "credential is required");
  }
  return {
    id: Buffer.from(id, "base64url"),
    response: { clientDataJSON: "", ...response },
  };
}

function requireClientData(
  encoded: string,
  { type, challenge, party }: {
    readonly type: string;
    readonly challenge: string;
    readonly party: RelyingParty;
  },
): void {
  let data: Json;
  try {
    data = JSON.parse(Buffer.from(encoded, "base64url").toString());
  } catch {
    throw verificationFailed();
  }
  const isRight = data.type === type && data.challenge === challenge &&
    party.origins.includes(String(data.origin));
  if (!isRight) throw verificationFailed();
}

async function requireLevel(
  sql: postgres.Sql,
  { user, sessionId }: { readonly user: UserRow; readonly sessionId: string },
): Promise<void> {
  const [session] = await sql<{ aal: string }[]>`
    select sessions.aal from auth.sessions as sessions where sessions.id = ${sessionId}`;
  const hasVerified = user.factors.some(({ status }) => status === "verified");
  if (hasVerified && session?.aal === "aal1") {
    throw new AuthFailure(403, "insufficient_aal", "AAL2 required");
  }
}

function verificationFailed(): AuthFailure {
  return new AuthFailure(400, "webauthn_verification_failed", "Credential verification failed");
}
