/**
 * Reads the rows that nearly every request gets, a live session and a rotation, without zod, which a cold
 * start would have to load and which takes longer to check a row. A row that is not plainly one of them is
 * left to `session_rows.ts`, which knows all and says what is wrong; a test compares the two.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { KeyThumbprint, RefreshTokenHash, SessionId, UserId } from "../brands.ts";
import type { Json } from "./database.types.ts";
import type { ActiveRow, GrantedRow } from "./session_rows.ts";
import type { LiveSession } from "./session_store.ts";

/** The row of a validate of a live session, or `undefined`. */
export function readActiveRow(row: unknown): ActiveRow | undefined {
  if (!isRecord(row) || row.outcome !== "active") return undefined;
  const session = readSession(row.session);
  const server_time = readTime(row.server_time);
  return session && server_time && { outcome: row.outcome, session, server_time };
}

/** The row of a refresh that gives the current or the next token, or `undefined`. */
export function readGrantedRow(row: unknown): GrantedRow | undefined {
  if (!isRecord(row)) return undefined;
  const { outcome } = row;
  if (outcome !== "rotated" && outcome !== "unchanged") return undefined;
  const session = readSession(row.session);
  const server_time = readTime(row.server_time);
  const hash = readBytes(row.refresh_token_hash);
  return session && server_time && hash &&
    { outcome, session, refresh_token_hash: hash as RefreshTokenHash, server_time };
}

function readSession(row: unknown): LiveSession | undefined {
  if (!isRecord(row)) return undefined;
  const { session_id, user_id, email, phone, role, is_anonymous, aal, amr } = row;
  const { app_metadata, user_metadata, user_metadata_omitted, added_claims } = row;
  const { generation, branch } = row;
  const createdAt = readTime(row.created_at);
  const lastActiveAt = readTime(row.last_active_at);
  const accessTokenExpiresAt = readTime(row.access_token_expires_at);
  const refreshTokenExpiresAt = readTime(row.refresh_token_expires_at);
  const keyThumbprint = row.key_thumbprint === null ? null : readBytes(row.key_thumbprint);
  const isPlain = typeof session_id === "string" && typeof user_id === "string" &&
    isTextOrNull(email) && isTextOrNull(phone) && isTextOrNull(role) &&
    typeof is_anonymous === "boolean" && isJsonObject(app_metadata) &&
    isJsonObject(user_metadata) && typeof user_metadata_omitted === "boolean" &&
    (added_claims === null || isJsonObject(added_claims)) &&
    Number.isSafeInteger(generation) &&
    Number.isSafeInteger(branch) && typeof aal === "string" && Array.isArray(amr);
  if (
    !isPlain || !createdAt || !lastActiveAt || !accessTokenExpiresAt || !refreshTokenExpiresAt ||
    keyThumbprint === undefined
  ) return undefined;
  return {
    sessionId: session_id as SessionId,
    userId: user_id as UserId,
    email,
    phone,
    role,
    isAnonymous: is_anonymous,
    appMetadata: app_metadata,
    userMetadata: user_metadata,
    userMetadataOmitted: user_metadata_omitted,
    generation: generation as number,
    branch: branch as number,
    createdAt,
    lastActiveAt,
    accessTokenExpiresAt,
    refreshTokenExpiresAt,
    aal,
    amr,
    keyThumbprint: keyThumbprint as KeyThumbprint | null,
    addedClaims: added_claims,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isJsonObject(value: unknown): value is Readonly<Record<string, Json>> {
  return isRecord(value) && !Array.isArray(value);
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function readTime(value: unknown): Date | undefined {
  if (typeof value !== "string") return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const HEX = /^(?:[0-9a-f]{2})*$/;

function readBytes(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  return typeof value === "string" && HEX.test(value)
    ? new Uint8Array(Buffer.from(value, "hex"))
    : undefined;
}
