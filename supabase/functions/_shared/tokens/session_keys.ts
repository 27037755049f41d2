/**
 * The keys of the refresh tokens, derived from `SESSION_SECRET`: one set for each secret, newest first.
 * Knows nothing of the tokens and other values that are signed with them.
 *
 * @module
 */

import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

const encoder = new TextEncoder();

/** The keys derived from one secret. Each use has its own, so that none can stand in for another. */
export interface SessionKey {
  /** Public name of this set of keys: 8 hex characters. Safe to store and to log. */
  readonly id: string;
  /** Tags refresh tokens, so that a forged one is refused without a database call. 32 bytes. */
  readonly mac: Uint8Array;
  /** Derives the secret of a token's successor. 32 bytes. */
  readonly derivation: Uint8Array;
  /** Tags the challenges that browser keys sign. 32 bytes. */
  readonly proofChallenge: Uint8Array;
  /** Hashes account names for the login throttle, so that no plain e-mail rests there. 32 bytes. */
  readonly throttle: Uint8Array;
  /** Seals what the browser carries through a sign-in. 32 bytes. */
  readonly sealing: Uint8Array;
}

/** All sets of keys. Each verifies; only the first signs. */
export interface SessionKeys {
  readonly signing: SessionKey;
  /** Newest first. */
  readonly all: readonly SessionKey[];
  /** The key that a row names as its successor's, if the secret is still configured. */
  find(keyId: string): SessionKey | undefined;
}

/**
 * Derives the keys of every secret by HKDF-SHA256 (RFC 5869), bound to a context, the project's URL as a
 * rule: the same secret in another project, or in its staging twin, gives other keys.
 *
 * @throws {RangeError} If there is no secret, or if two secrets are the same
 */
export function deriveSessionKeys(secrets: readonly string[], keyContext: string): SessionKeys {
  const context = normaliseContext(keyContext);
  const all = secrets.map((secret) => deriveSessionKey(secret, context));
  const [signing] = all;
  if (signing === undefined) throw new RangeError("Cannot derive session keys: no secret");
  const byId = new Map(all.map((key) => [key.id, key]));
  if (byId.size !== all.length) {
    throw new RangeError("Cannot derive session keys: the same secret is given twice");
  }
  return { signing, all, find: (keyId) => byId.get(keyId) };
}

function deriveSessionKey(secret: string, context: string): SessionKey {
  const pseudorandomKey = extract(sha256, encoder.encode(secret));
  const derive = (label: string, length: number) =>
    expand(sha256, pseudorandomKey, encoder.encode(`unified-auth/1/${label}\n${context}`), length);
  return {
    id: Array.from(derive("key-id", 4), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    mac: derive("refresh-token-mac", 32),
    derivation: derive("successor-derivation", 32),
    proofChallenge: derive("proof-challenge", 32),
    throttle: derive("login-throttle", 32),
    sealing: derive("sign-in-sealing", 32),
  };
}

/** Of a URL, case of the host, a default port and a trailing slash do not count. */
function normaliseContext(context: string): string {
  if (!/^https?:/i.test(context) || !URL.canParse(context)) return context;
  const url = new URL(context);
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}
