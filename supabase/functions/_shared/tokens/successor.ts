/**
 * Derives the token that a refresh token is rotated into. The successor's secret is a function of the predecessor's
 * secret and of a salt that rests in the session's row only while the predecessor may still come back:
 * two tabs, or a retry after a lost reply, therefore derive the same successor, and neither the
 * database, nor a leaked key, nor an old token alone yields a later one.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { KeyThumbprint, Lineage } from "../brands.ts";
import {
  type GenuineRefreshToken,
  type IssuedRefreshToken,
  issueRefreshToken,
  KEY_THUMBPRINT_BYTES,
  LINEAGE_BYTES,
  type RefreshTokenParts,
} from "./refresh_token.ts";
import { hmacSha256 } from "./hmac.ts";
import type { SessionKey } from "./session_keys.ts";

/** Bytes of the salt of one rotation. */
export const SUCCESSOR_SALT_BYTES = 16;

const NO_KEY = new Uint8Array(KEY_THUMBPRINT_BYTES);

/** The inputs that one successor is derived from. */
export interface SuccessorOrigin {
  readonly predecessor: GenuineRefreshToken;
  /** The successor's place: another generation than the predecessor's next where that one is old. */
  readonly generation: number;
  /** 0 for a rotation, more for each re-issue. */
  readonly branch: number;
  /** The browser key that the successor is issued to. Null: none. */
  readonly key: KeyThumbprint | null;
  /** The session's, where the database returned it. Null: the predecessor's, or one made from it. */
  readonly lineage: Lineage | null;
  /** 16 random bytes, fresh for a rotation or re-issue, the stored ones for a replay. */
  readonly salt: Uint8Array;
}

/** A successor with what the database keeps of it. */
export interface Successor extends IssuedRefreshToken {
  readonly lineage: Lineage;
}

/**
 * Derives a successor. A pure function: the same origin and session key give the same token. For a
 * replay, `sessionKey` is the one that the row names, not the newest.
 *
 * @throws {RangeError} If the salt is not 16 bytes, or the place is out of bounds
 */
export function deriveSuccessor(
  { predecessor, salt, ...place }: SuccessorOrigin,
  sessionKey: SessionKey,
): Successor {
  if (salt.length !== SUCCESSOR_SALT_BYTES) {
    throw new RangeError(
      `Cannot derive a successor with a salt of other than ${SUCCESSOR_SALT_BYTES} bytes: ${salt.length}`,
    );
  }
  const lineage = place.lineage ?? predecessor.lineage ?? deriveLineage(predecessor, sessionKey);
  const successor = { ...place, sessionId: predecessor.sessionId, lineage };
  const secret = deriveSecret(successor, { salt, predecessor, sessionKey });
  return { ...issueRefreshToken({ ...successor, secret }, sessionKey), lineage };
}

/**
 * Of a token of version 1, which has none: from its secret, so that a session key alone does not yield
 * the lineage, and two tabs get the same.
 */
function deriveLineage(
  { sessionId, secret }: GenuineRefreshToken,
  { derivation }: SessionKey,
): Lineage {
  return hmacSha256(derivation, "lineage", sessionId, secret).slice(0, LINEAGE_BYTES) as Lineage;
}

/** Every field has a fixed length (the session id 36 characters), so no two origins share their bytes. */
function deriveSecret(
  { sessionId, generation, branch, key, lineage }: Omit<RefreshTokenParts, "secret">,
  { salt, predecessor, sessionKey }: {
    readonly salt: Uint8Array;
    readonly predecessor: GenuineRefreshToken;
    readonly sessionKey: SessionKey;
  },
): Uint8Array {
  const place = Buffer.alloc(5);
  place.writeUInt32BE(generation, 0);
  place.writeUInt8(branch, 4);
  return hmacSha256(
    sessionKey.derivation,
    sessionId,
    place,
    key ?? NO_KEY,
    lineage,
    salt,
    predecessor.secret,
  );
}
