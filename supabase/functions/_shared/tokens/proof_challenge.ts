/**
 * The challenge that a browser key signs: it names a place in a session and the time at which it was
 * made, so that a recorded proof is worth nothing once the session has moved on. Judges whether a
 * string is a challenge of this project, which takes no database; whether it is still fresh is for
 * `rotate_session` to say, under the row's lock. Not secret.
 *
 * The challenge is base64url of 42 bytes:
 * version 1 · session id 16 · generation 4 · branch 1 · seconds since 1970 4 · tag 16.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { ProofChallenge, SessionId } from "../brands.ts";
import { equalsInConstantTime, hmacSha256 } from "./hmac.ts";
import { readUuid } from "./refresh_token.ts";
import type { SessionKey, SessionKeys } from "./session_keys.ts";
import type { TokenPlace } from "./token_place.ts";

const VERSION = 1;
const SESSION_ID_AT = 1;
const GENERATION_AT = 17;
const BRANCH_AT = 21;
const SECONDS_AT = 22;
const TAG_AT = 26;
const CHALLENGE_BYTES = 42;

/** 56 characters carry exactly 42 bytes: there is no second spelling. */
const CHALLENGE = /^[A-Za-z0-9_-]{56}$/;

/** A place in a session, and when it was challenged for. */
export interface ChallengedPlace extends TokenPlace {
  /** To the second, by the database's clock where a call returned it. */
  readonly challengedAt: Date;
}

export function createChallenge(
  { sessionId, generation, branch, challengedAt }: ChallengedPlace,
  key: SessionKey,
): ProofChallenge {
  const bytes = Buffer.alloc(CHALLENGE_BYTES);
  bytes.writeUInt8(VERSION, 0);
  bytes.write(sessionId.replaceAll("-", ""), SESSION_ID_AT, "hex");
  bytes.writeUInt32BE(generation, GENERATION_AT);
  bytes.writeUInt8(branch, BRANCH_AT);
  bytes.writeUInt32BE(Math.floor(challengedAt.getTime() / 1000), SECONDS_AT);
  bytes.set(computeTag(bytes, key), TAG_AT);
  return bytes.toString("base64url") as ProofChallenge;
}

/** Reads a challenge that anybody may have sent. Answers null, and never throws, unless it is ours. */
export function readChallenge(
  value: string,
  keys: Pick<SessionKeys, "all">,
): ChallengedPlace | null {
  if (!CHALLENGE.test(value)) return null;
  const bytes = Buffer.from(value, "base64url");
  if (bytes.readUInt8(0) !== VERSION) return null;
  const tag = bytes.subarray(TAG_AT);
  if (!keys.all.some((key) => equalsInConstantTime(computeTag(bytes, key), tag))) return null;
  return {
    sessionId: readUuid(bytes.subarray(SESSION_ID_AT, GENERATION_AT)) as SessionId,
    generation: bytes.readUInt32BE(GENERATION_AT),
    branch: bytes.readUInt8(BRANCH_AT),
    challengedAt: new Date(bytes.readUInt32BE(SECONDS_AT) * 1000),
  };
}

function computeTag(bytes: Uint8Array, key: SessionKey): Uint8Array {
  return hmacSha256(key.proofChallenge, bytes.subarray(0, TAG_AT))
    .subarray(0, CHALLENGE_BYTES - TAG_AT);
}
