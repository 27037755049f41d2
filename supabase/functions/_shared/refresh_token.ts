/**
 * The refresh token: its layout, its tag and its hash. Judges whether a string is a token that this
 * project issued; knows nothing of sessions, so a genuine token may still be stale or revoked.
 *
 * The token is base64url, without padding, of 70 bytes:
 * version 1 · session id 16 · generation 4 (big endian) · branch 1 · secret 32 · tag 16.
 * The tag is HMAC-SHA256 over everything before it, cut to its first 16 bytes.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { RawRefreshToken, RefreshTokenHash, SessionId } from "./brands.ts";
import type { SessionKey, SessionKeys } from "./session_keys.ts";

const VERSION = 1;
const SESSION_ID_AT = 1;
const GENERATION_AT = 17;
const BRANCH_AT = 21;
const SECRET_AT = 22;
const TAG_AT = 54;
const TOKEN_BYTES = 70;

/** Bytes of a token's secret. */
export const REFRESH_SECRET_BYTES = TAG_AT - SECRET_AT;

/** The largest generation: PostgreSQL's `integer` holds it. */
export const MAX_GENERATION = 2 ** 31 - 1;

/** The largest branch: one byte of the token. */
export const MAX_BRANCH = 255;

/**
 * 94 characters carry 564 bits for 560: of the last one the lower four bits are zero, so only A, Q, g
 * and w may stand there. Any other would be a second spelling of the same bytes with another hash.
 */
const CANONICAL_TOKEN = /^[A-Za-z0-9_-]{93}[AQgw]$/;

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What a refresh token says, without its tag. */
export interface RefreshTokenParts {
  readonly sessionId: SessionId;
  /** Rotations of the session, from 1. */
  readonly generation: number;
  /** Re-issues within the generation, from 0. */
  readonly branch: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** A token that was just made: its raw form for the cookie, its hash for the database. */
export interface IssuedRefreshToken {
  readonly raw: RawRefreshToken;
  readonly hash: RefreshTokenHash;
  readonly generation: number;
  readonly branch: number;
}

declare const genuine: unique symbol;

/** A token whose tag is one of ours. Only {@linkcode readRefreshToken} makes one. */
export interface GenuineRefreshToken extends RefreshTokenParts {
  readonly raw: RawRefreshToken;
  readonly hash: RefreshTokenHash;
  /** The id of the session key that tagged it. */
  readonly keyId: string;
  readonly [genuine]: true;
}

/**
 * Writes a token and tags it.
 *
 * @throws {TypeError} If the session id is no lower-case UUID
 * @throws {RangeError} If generation, branch or the secret's length is out of bounds
 */
export function encodeRefreshToken(parts: RefreshTokenParts, key: SessionKey): RawRefreshToken {
  requireEncodable(parts);
  const bytes = Buffer.alloc(TOKEN_BYTES);
  bytes.writeUInt8(VERSION, 0);
  bytes.write(parts.sessionId.replaceAll("-", ""), SESSION_ID_AT, "hex");
  bytes.writeUInt32BE(parts.generation, GENERATION_AT);
  bytes.writeUInt8(parts.branch, BRANCH_AT);
  bytes.set(parts.secret, SECRET_AT);
  bytes.set(computeTag(bytes, key), TAG_AT);
  return bytes.toString("base64url") as RawRefreshToken;
}

/**
 * Reads a token that anybody may have sent. Answers null, and never throws, unless it is exactly
 * what {@linkcode encodeRefreshToken} writes with one of the keys.
 */
export function readRefreshToken(
  value: string,
  keys: Pick<SessionKeys, "all">,
): GenuineRefreshToken | null {
  if (!CANONICAL_TOKEN.test(value)) return null;
  const bytes = Buffer.from(value, "base64url");
  if (bytes.readUInt8(0) !== VERSION) return null;
  const tag = bytes.subarray(TAG_AT);
  const key = keys.all.find((candidate) => timingSafeEqual(computeTag(bytes, candidate), tag));
  if (key === undefined) return null;
  const generation = bytes.readUInt32BE(GENERATION_AT);
  if (generation < 1 || generation > MAX_GENERATION) return null;
  const raw = value as RawRefreshToken;
  return {
    raw,
    get hash() {
      return hashRefreshToken(raw); // most requests show the token and ask nothing of it
    },
    keyId: key.id,
    sessionId: readUuid(bytes.subarray(SESSION_ID_AT, GENERATION_AT)) as SessionId,
    generation,
    branch: bytes.readUInt8(BRANCH_AT),
    secret: new Uint8Array(bytes.subarray(SECRET_AT, TAG_AT)),
  } satisfies Omit<GenuineRefreshToken, typeof genuine> as GenuineRefreshToken;
}

/** SHA-256 of the whole token, tag included, as the browser holds it. */
export function hashRefreshToken(raw: RawRefreshToken): RefreshTokenHash {
  return new Uint8Array(createHash("sha256").update(raw).digest()) as RefreshTokenHash;
}

/** The first token of a new session: generation 1, branch 0. `secret` is 32 random bytes. */
export function firstRefreshToken(
  start: Pick<RefreshTokenParts, "sessionId" | "secret">,
  key: SessionKey,
): IssuedRefreshToken {
  return issueRefreshToken({ ...start, generation: 1, branch: 0 }, key);
}

/** Encodes a token and hashes it. */
export function issueRefreshToken(parts: RefreshTokenParts, key: SessionKey): IssuedRefreshToken {
  const raw = encodeRefreshToken(parts, key);
  return {
    raw,
    hash: hashRefreshToken(raw),
    generation: parts.generation,
    branch: parts.branch,
  };
}

function computeTag(bytes: Uint8Array, key: SessionKey): Uint8Array {
  const mac = createHmac("sha256", key.mac).update(bytes.subarray(0, TAG_AT)).digest();
  return mac.subarray(0, TOKEN_BYTES - TAG_AT);
}

function readUuid(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

function requireEncodable({ sessionId, generation, branch, secret }: RefreshTokenParts): void {
  if (!CANONICAL_UUID.test(sessionId)) {
    throw new TypeError("Cannot encode a refresh token: the session id is no lower-case UUID");
  }
  if (!Number.isInteger(generation) || generation < 1 || generation > MAX_GENERATION) {
    throw new RangeError(`Cannot encode a refresh token of generation: ${generation}`);
  }
  if (!Number.isInteger(branch) || branch < 0 || branch > MAX_BRANCH) {
    throw new RangeError(`Cannot encode a refresh token of branch: ${branch}`);
  }
  if (secret.length !== REFRESH_SECRET_BYTES) {
    throw new RangeError(
      `Cannot encode a refresh token with a secret of other than ${REFRESH_SECRET_BYTES} bytes: ${secret.length}`,
    );
  }
}
