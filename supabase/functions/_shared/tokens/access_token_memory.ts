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
import { equalsInConstantTime, sha256Of } from "./hmac.ts";
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
  let recent = new Map<string, GenuineToken>();
  let earlier = new Map<string, GenuineToken>();

  const keep = (content: string, token: GenuineToken) => {
    if (isPastGrace(token.claims)) return;
    if (recent.size >= capacity / 2) {
      earlier = recent;
      recent = new Map();
    }
    recent.set(content, token);
  };
  const keepNew = (raw: string, claims: AccessClaims) => {
    const { content, signature } = splitToken(raw);
    keep(copyOf(content), { signatureHash: sha256Of(signature), claims });
  };
  const recall = (raw: string): AccessClaims | null => {
    const { content, signature } = splitToken(raw);
    let token = recent.get(content);
    if (token === undefined) {
      token = earlier.get(content);
      if (token !== undefined) keep(copyOf(content), token);
    }
    return token !== undefined && !isPastGrace(token.claims) &&
        equalsInConstantTime(sha256Of(signature), token.signatureHash)
      ? token.claims
      : null;
  };

  return {
    /** Remembers its token at once: its browser is about to present it. */
    async sign(claims, added) {
      const signed = await tokens.sign(claims, added);
      keepNew(signed.token, signed.claims);
      return signed;
    },

    recall,

    async verify(raw) {
      const claims = recall(raw);
      if (claims !== null) return { kind: "genuine", claims };
      const result = await tokens.verify(raw);
      if (result.kind === "genuine") keepNew(raw, result.claims);
      return result;
    },
  };
}

/** A token is kept by its content, and is worth nothing without the signature, of which the hash is kept. */
interface GenuineToken {
  readonly signatureHash: Uint8Array;
  readonly claims: AccessClaims;
}

/** The content is header and payload: a hash of the whole token took three times as long. */
function splitToken(raw: string): { readonly content: string; readonly signature: string } {
  const at = raw.lastIndexOf(".");
  return { content: raw.slice(0, at), signature: raw.slice(at + 1) };
}

/** A slice would keep all of the string alive that it was cut from, token and cookie header. */
function copyOf(slice: string): string {
  return Buffer.from(slice).toString();
}
