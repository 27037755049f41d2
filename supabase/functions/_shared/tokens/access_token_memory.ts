/**
 * Remembers which access tokens are genuine, so that a process checks each signature once: an ES256
 * check costs more than all the rest of a validate. Changes the cost of an answer and never the answer:
 * the database decides every time whether the session lives, and a removed key is gone with the
 * process that knew it.
 *
 * Only genuine tokens are kept, which nobody else can make: a flood of forged ones drives none out.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { sha256Of } from "./hmac.ts";
import type { AccessClaims, AccessTokens } from "./access_token.ts";

export interface AccessTokenMemoryOptions {
  /** Tokens at most. */
  readonly capacity: number;
  /** How long after its expiry a token may still be presented: it is kept no longer. */
  readonly graceSeconds: number;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** The same signer and verifier, with a memory. */
export function rememberGenuineTokens(
  tokens: AccessTokens,
  { capacity, graceSeconds, nowMs }: AccessTokenMemoryOptions,
): AccessTokens {
  const isPastGrace = ({ expiresAt }: AccessClaims) => (expiresAt + graceSeconds) * 1000 <= nowMs();

  // A token that was used lately is in `recent`, or in `earlier` and moves to `recent`. When `recent` is
  // full, `earlier` is dropped: least recently used as far as it matters, without a list.
  let recent = new Map<string, AccessClaims>();
  let earlier = new Map<string, AccessClaims>();

  const keep = (key: string, claims: AccessClaims) => {
    if (isPastGrace(claims)) return;
    if (recent.size >= capacity / 2) {
      earlier = recent;
      recent = new Map();
    }
    recent.set(key, claims);
  };
  const recall = (key: string): AccessClaims | null => {
    let claims = recent.get(key);
    if (claims === undefined) {
      claims = earlier.get(key);
      if (claims !== undefined) keep(key, claims);
    }
    return claims === undefined || isPastGrace(claims) ? null : claims;
  };

  return {
    /** Remembers its token at once: its browser is about to present it. */
    async sign(claims, added) {
      const signed = await tokens.sign(claims, added);
      keep(hashToken(signed.token), signed.claims);
      return signed;
    },

    recall: (raw) => recall(hashToken(raw)),

    async verify(raw) {
      const key = hashToken(raw);
      const claims = recall(key);
      if (claims !== null) return { kind: "genuine", claims };
      const result = await tokens.verify(raw);
      if (result.kind === "genuine") keep(key, result.claims);
      return result;
    },
  };
}

/** Of the whole token, signature included; the token itself is not kept. */
function hashToken(raw: string): string {
  return Buffer.from(sha256Of(raw)).toString("base64");
}
