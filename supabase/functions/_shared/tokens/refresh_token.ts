/**
 * The refresh token: its layout, its tag and its hash. Judges whether a string is a token that this
 * project issued; knows nothing of sessions, so a genuine token may still be stale or revoked.
 *
 * The token is base64url, without padding, of 94 bytes:
 * version 2 · session id 16 · generation 4 (big endian) · branch 1 · key 16 · lineage 8 · secret 32 · tag 16.
 * `key` is the first half of the thumbprint of the key that the token was issued to, or zeros for none.
 * The tag is HMAC-SHA256 over everything before it, cut to its first 16 bytes.
 *
 * Version 1 has neither key nor lineage. It is read, so that a deploy signs nobody out, and never written.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type {
  KeyThumbprint,
  Lineage,
  RawRefreshToken,
  RefreshTokenHash,
  SessionId,
} from "../brands.ts";
import { equalsInConstantTime, hmacSha256, sha256Of } from "./hmac.ts";
import type { SessionKey, SessionKeys } from "./session_keys.ts";

const VERSION = 2;
const SESSION_ID_AT = 1;
const GENERATION_AT = 17;
const BRANCH_AT = 21;
const KEY_AT = 22;
const LINEAGE_AT = 38;
const SECRET_AT = 46;
const TAG_AT = 78;

/** Bytes of a tag, in both versions. */
const TAG_BYTES = 16;
const TOKEN_BYTES = TAG_AT + TAG_BYTES;

/** Version 1 is the same without key and lineage. */
const VERSION_1 = 1;
const VERSION_1_SECRET_AT = 22;

/** Bytes of the name of a key. */
export const KEY_THUMBPRINT_BYTES = LINEAGE_AT - KEY_AT;

/** Bytes of a session's lineage. */
export const LINEAGE_BYTES = SECRET_AT - LINEAGE_AT;

/** Bytes of a token's secret. */
export const REFRESH_SECRET_BYTES = TAG_AT - SECRET_AT;

/** The largest generation: PostgreSQL's `integer` holds it. */
export const MAX_GENERATION = 2 ** 31 - 1;

/** The largest branch: one byte of the token. */
export const MAX_BRANCH = 255;

/**
 * 126 characters carry 756 bits for 752 (in version 1, 94 carry 564 for 560): of the last one the lower
 * four bits are zero, so only A, Q, g and w may stand there. Any other would be a second spelling of
 * the same bytes with another hash.
 */
const CANONICAL_TOKEN = /^(?:[A-Za-z0-9_-]{125}|[A-Za-z0-9_-]{93})[AQgw]$/;

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The fields of a refresh token, without its tag. */
export interface RefreshTokenParts {
  readonly sessionId: SessionId;
  /** Rotations of the session, from 1. */
  readonly generation: number;
  /** Re-issues within the generation, from 0. */
  readonly branch: number;
  /** The key that it was issued to. Null: none. */
  readonly key: KeyThumbprint | null;
  readonly lineage: Lineage;
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
export interface GenuineRefreshToken extends Omit<RefreshTokenParts, "lineage"> {
  /** Null in a token of version 1. */
  readonly lineage: Lineage | null;
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
 * @throws {RangeError} If generation, branch or a field's length is out of bounds
 */
export function encodeRefreshToken(parts: RefreshTokenParts, key: SessionKey): RawRefreshToken {
  requireEncodable(parts);
  const bytes = Buffer.alloc(TOKEN_BYTES);
  bytes.writeUInt8(VERSION, 0);
  bytes.write(parts.sessionId.replaceAll("-", ""), SESSION_ID_AT, "hex");
  bytes.writeUInt32BE(parts.generation, GENERATION_AT);
  bytes.writeUInt8(parts.branch, BRANCH_AT);
  if (parts.key !== null) bytes.set(parts.key, KEY_AT);
  bytes.set(parts.lineage, LINEAGE_AT);
  bytes.set(parts.secret, SECRET_AT);
  bytes.set(computeTag(bytes.subarray(0, TAG_AT), key), TAG_AT);
  return bytes.toString("base64url") as RawRefreshToken;
}

/**
 * Reads a token that anybody may have sent. Answers null, and never throws, unless it is exactly
 * what {@linkcode encodeRefreshToken} writes with one of the keys, or wrote as version 1.
 */
export function readRefreshToken(
  value: string,
  keys: Pick<SessionKeys, "all">,
): GenuineRefreshToken | null {
  if (!CANONICAL_TOKEN.test(value)) return null;
  const bytes = Buffer.from(value, "base64url");
  const isFirstVersion = bytes.length < TOKEN_BYTES;
  if (bytes.readUInt8(0) !== (isFirstVersion ? VERSION_1 : VERSION)) return null;
  const tagAt = bytes.length - TAG_BYTES;
  const body = bytes.subarray(0, tagAt);
  const tag = bytes.subarray(tagAt);
  const key = keys.all.find((candidate) => equalsInConstantTime(computeTag(body, candidate), tag));
  if (key === undefined) return null;
  const generation = bytes.readUInt32BE(GENERATION_AT);
  if (generation < 1 || generation > MAX_GENERATION) return null;
  const raw = value as RawRefreshToken;
  return {
    raw,
    get hash() {
      return hashRefreshToken(raw); // most requests present the token and need no more of it
    },
    keyId: key.id,
    sessionId: readUuid(bytes.subarray(SESSION_ID_AT, GENERATION_AT)) as SessionId,
    generation,
    branch: bytes.readUInt8(BRANCH_AT),
    key: isFirstVersion ? null : readKey(bytes.subarray(KEY_AT, LINEAGE_AT)),
    lineage: isFirstVersion
      ? null
      : new Uint8Array(bytes.subarray(LINEAGE_AT, SECRET_AT)) as Lineage,
    secret: new Uint8Array(body.subarray(isFirstVersion ? VERSION_1_SECRET_AT : SECRET_AT)),
  } satisfies Omit<GenuineRefreshToken, typeof genuine> as GenuineRefreshToken;
}

/**
 * The same token where sessions are not bound: its key is not looked at, neither by us nor by the
 * database.
 */
export function ignoreKey(token: GenuineRefreshToken): GenuineRefreshToken {
  return { ...token, key: null };
}

/** SHA-256 of the whole token, tag included, as the browser holds it. */
export function hashRefreshToken(raw: RawRefreshToken): RefreshTokenHash {
  return sha256Of(raw) as RefreshTokenHash;
}

/**
 * The first token of a new session: generation 1, branch 0. `secret` is 32 random bytes, `lineage` 8
 * others.
 */
export function firstRefreshToken(
  start: Omit<RefreshTokenParts, "generation" | "branch">,
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

function computeTag(body: Uint8Array, key: SessionKey): Uint8Array {
  return hmacSha256(key.mac, body).subarray(0, TAG_BYTES);
}

function readKey(bytes: Uint8Array): KeyThumbprint | null {
  return bytes.every((byte) => byte === 0) ? null : new Uint8Array(bytes) as KeyThumbprint;
}

/** Writes 16 bytes as a lower-case UUID. */
export function readUuid(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${
    hex.slice(20)
  }`;
}

function requireEncodable(parts: RefreshTokenParts): void {
  const { sessionId, generation, branch } = parts;
  if (!CANONICAL_UUID.test(sessionId)) {
    throw new TypeError("Cannot encode a refresh token: the session id is no lower-case UUID");
  }
  if (!Number.isInteger(generation) || generation < 1 || generation > MAX_GENERATION) {
    throw new RangeError(`Cannot encode a refresh token of generation: ${generation}`);
  }
  if (!Number.isInteger(branch) || branch < 0 || branch > MAX_BRANCH) {
    throw new RangeError(`Cannot encode a refresh token of branch: ${branch}`);
  }
  requireLength("secret", parts.secret, REFRESH_SECRET_BYTES);
  requireLength("lineage", parts.lineage, LINEAGE_BYTES);
  if (parts.key !== null) requireLength("key", parts.key, KEY_THUMBPRINT_BYTES);
}

function requireLength(field: string, { length }: Uint8Array, expected: number): void {
  if (length === expected) return;
  throw new RangeError(
    `Cannot encode a refresh token with a ${field} of other than ${expected} bytes: ${length}`,
  );
}
