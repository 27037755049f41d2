/**
 * What a refresh token is rotated into. The successor's secret is a function of the predecessor's
 * secret and of a salt that rests in the session's row only while the predecessor may still come back:
 * two tabs, or a retry after a lost reply, therefore derive the same successor, and neither the
 * database, nor a leaked key, nor an old token alone yields a later one.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import {
  type GenuineRefreshToken,
  type IssuedRefreshToken,
  issueRefreshToken,
  MAX_BRANCH,
  type RefreshTokenParts,
} from "./refresh_token.ts";
import type { SessionKey } from "./session_keys.ts";

/** Bytes of the salt of one rotation. */
export const SUCCESSOR_SALT_BYTES = 16;

/** What one successor is derived from. */
export interface SuccessorOrigin {
  readonly predecessor: GenuineRefreshToken;
  /** Branch of the successor: 0 for a rotation, more for each re-issue. */
  readonly branch: number;
  /** 16 random bytes, fresh for a rotation or re-issue, the stored ones for a replay. */
  readonly salt: Uint8Array;
}

/**
 * Derives the token of the next generation. A pure function: the same origin and key give the same
 * token. For a replay, `key` is the one that the row names, not the newest.
 *
 * @throws {RangeError} If the salt is not 16 bytes, or the branch is no integer from 0 to 255
 */
export function deriveSuccessor(
  { predecessor, branch, salt }: SuccessorOrigin,
  key: SessionKey,
): IssuedRefreshToken {
  if (salt.length !== SUCCESSOR_SALT_BYTES) {
    throw new RangeError(
      `Cannot derive a successor with a salt of other than ${SUCCESSOR_SALT_BYTES} bytes: ${salt.length}`,
    );
  }
  const successor = {
    sessionId: predecessor.sessionId,
    generation: predecessor.generation + 1,
    branch,
  };
  const secret = deriveSecret(successor, { salt, predecessorSecret: predecessor.secret, key });
  return issueRefreshToken({ ...successor, secret }, key);
}

/**
 * Successors for branches 0 to `branches - 1`. Which branch a rotation takes is known only under the
 * row's lock, so the caller proposes those that the database may need.
 *
 * @throws {RangeError} If `branches` is no integer from 1 to 256
 */
export function proposeSuccessors(
  { predecessor, salt, branches }: Omit<SuccessorOrigin, "branch"> & { readonly branches: number },
  key: SessionKey,
): readonly IssuedRefreshToken[] {
  if (!Number.isInteger(branches) || branches < 1 || branches > MAX_BRANCH + 1) {
    throw new RangeError(`Cannot propose this many successors: ${branches}`);
  }
  return Array.from(
    { length: branches },
    (_, branch) => deriveSuccessor({ predecessor, branch, salt }, key),
  );
}

/** Every field has a fixed length (the session id 36 characters), so no two origins share their bytes. */
function deriveSecret(
  { sessionId, generation, branch }: Omit<RefreshTokenParts, "secret">,
  { salt, predecessorSecret, key }: {
    readonly salt: Uint8Array;
    readonly predecessorSecret: Uint8Array;
    readonly key: SessionKey;
  },
): Uint8Array {
  const place = new DataView(new ArrayBuffer(5));
  place.setUint32(0, generation);
  place.setUint8(4, branch);
  return new Uint8Array(
    createHmac("sha256", key.derivation)
      .update(sessionId)
      .update(new Uint8Array(place.buffer))
      .update(salt)
      .update(predecessorSecret)
      .digest(),
  );
}
