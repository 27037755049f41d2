/**
 * Checks the SQL functions' answers and turns them into the store's types. A database that is older
 * or newer than this code is found here, before a wrong shape is taken for an answer.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as z from "zod";
import type { KeyThumbprint, Lineage, RefreshTokenHash, SessionId, UserId } from "../brands.ts";
import { Constants, type Json } from "./database.types.ts";
import type { ListedSession, LiveSession } from "./session_store.ts";

const enums = Constants.public.Enums;

const time = z.string().transform((value, context) => {
  const date = new Date(value);
  if (!Number.isNaN(date.getTime())) return date;
  context.addIssue("not a time");
  return z.NEVER;
});

/** In hex, by SQL itself: how PostgreSQL writes a `bytea` is a setting of the database. */
const bytes = z.string().regex(/^(?:[0-9a-f]{2})*$/).transform((value) =>
  new Uint8Array(Buffer.from(value, "hex"))
);

const hash = bytes.transform((value) => value as RefreshTokenHash);
const keyThumbprint = bytes.transform((value) => value as KeyThumbprint);
const lineage = bytes.transform((value) => value as Lineage);

/** Its members were JSON a moment ago, and only the app knows what they should be. */
const metadata = z.record(z.string(), z.custom<Json>());

const sessionSnapshot = z.object({
  session_id: z.string(),
  user_id: z.string(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  role: z.string().nullable(),
  is_anonymous: z.boolean(),
  app_metadata: metadata,
  user_metadata: metadata,
  user_metadata_omitted: z.boolean(),
  generation: z.int(),
  branch: z.int(),
  created_at: time,
  last_active_at: time,
  access_token_expires_at: time,
  refresh_token_expires_at: time,
  aal: z.string(),
  amr: z.array(z.custom<Json>()),
  key_thumbprint: keyThumbprint.nullable(),
  added_claims: metadata.nullable(),
}).transform((row): LiveSession => ({
  sessionId: row.session_id as SessionId,
  userId: row.user_id as UserId,
  email: row.email,
  phone: row.phone,
  role: row.role,
  isAnonymous: row.is_anonymous,
  appMetadata: row.app_metadata,
  userMetadata: row.user_metadata,
  userMetadataOmitted: row.user_metadata_omitted,
  generation: row.generation,
  branch: row.branch,
  createdAt: row.created_at,
  lastActiveAt: row.last_active_at,
  accessTokenExpiresAt: row.access_token_expires_at,
  refreshTokenExpiresAt: row.refresh_token_expires_at,
  aal: row.aal,
  amr: row.amr,
  keyThumbprint: row.key_thumbprint,
  addedClaims: row.added_claims,
}));

const listedSession = z.object({
  id: z.string(),
  created_at: time,
  last_active_at: time,
  device_name: z.string().nullable(),
  user_agent: z.string().nullable(),
  ip: z.string().nullable(),
  aal: z.string(),
}).transform((row): ListedSession => ({
  sessionId: row.id as SessionId,
  createdAt: row.created_at,
  lastActiveAt: row.last_active_at,
  deviceName: row.device_name,
  userAgent: row.user_agent,
  ip: row.ip,
  aal: row.aal,
}));

const hookRefusedRow = z.object({ outcome: z.literal("hook_refused"), hook_error: z.string() })
  .transform(({ outcome, hook_error }) => ({ outcome, hookError: hook_error }));

const loginRefusal = z.enum(enums.login_outcome).exclude(["created", "hook_refused"]);
const notActive = z.enum(enums.validation_outcome).exclude(["active"]);
const refusedRotation = z.enum(enums.rotation_outcome).exclude([
  "unchanged",
  "rotated",
  "replayed",
  "reissued",
  "throttled",
  "successor_wanted",
  "proof_required",
  "hook_refused",
]);
const revocation = z.enum(enums.revocation_outcome).exclude(["proof_required"]);

const granted = { session: sessionSnapshot, refresh_token_hash: hash, server_time: time };

const grantedRow = z.object({
  outcome: z.enum(enums.rotation_outcome).extract(["unchanged", "rotated", "reissued"]),
  ...granted,
});
export type GrantedRow = z.output<typeof grantedRow>;

const proofRequiredRow = z.object({ outcome: z.literal("proof_required"), server_time: time });
export type ProofRequiredRow = z.output<typeof proofRequiredRow>;

export const databaseIsReadOnly = z.boolean();

// A bigint: the data API writes a number, the driver of the direct store a string.
export const lastMigration = z.coerce.number().int().positive();

export const createSessionRow = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("created"),
    session: sessionSnapshot,
    replaced: z.int(),
    evicted: z.int(),
    server_time: time,
  }),
  hookRefusedRow,
  z.object({ outcome: loginRefusal }),
]);

const activeRow = z.object({
  outcome: z.literal("active"),
  session: sessionSnapshot,
  server_time: time,
});
export type ActiveRow = z.output<typeof activeRow>;

export const validateSessionRow = z.discriminatedUnion("outcome", [
  activeRow,
  z.object({ outcome: notActive, server_time: time }),
]);

export const rotateSessionRow = z.discriminatedUnion("outcome", [
  grantedRow,
  z.object({
    outcome: z.literal("replayed"),
    ...granted,
    successor_salt: bytes,
    successor_key_id: z.string(),
    session_lineage: lineage.nullable(),
  }),
  z.object({ outcome: z.literal("throttled"), retry_after_seconds: z.int().min(1) }),
  z.object({
    outcome: z.literal("successor_wanted"),
    wanted_generation: z.int(),
    wanted_branch: z.int(),
    session_lineage: lineage.nullable(),
  }),
  proofRequiredRow,
  hookRefusedRow,
  z.object({ outcome: refusedRotation }),
]);

export const endedSessionsRow = z.discriminatedUnion("outcome", [
  z.object({ outcome: revocation, ended: z.int() }),
  proofRequiredRow,
]);

export const endOwnSessionRow = z.discriminatedUnion("acting", [
  z.object({
    acting: z.literal("active"),
    outcome: z.enum(enums.revocation_outcome).extract(["ended", "already_ended", "not_found"]),
  }),
  z.object({ acting: notActive }),
]);

export const listSessionsRow = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("active"),
    sessions: z.array(listedSession),
    server_time: time,
  }),
  z.object({ outcome: notActive }),
]);

export const accessTokenHookRow = z.boolean();

export const loginAllowedRow = z.discriminatedUnion("allowed", [
  z.object({ allowed: z.literal(true), charged_at: time }),
  z.object({ allowed: z.literal(false), retry_after_seconds: z.int().min(1) }),
]);
