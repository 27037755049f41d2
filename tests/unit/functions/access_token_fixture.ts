/**
 * One issuer of access tokens with its keys and the claims that the tests sign.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { exportJWK, generateKeyPair } from "jose";
import {
  type AccessClaims,
  type AccessTokens,
  createAccessTokens,
} from "../../../supabase/functions/_shared/tokens/access_token.ts";
import type { UserId } from "../../../supabase/functions/_shared/brands.ts";
import {
  importSigningKeys,
  parseSigningKeys,
  type SigningKeys,
} from "../../../supabase/functions/_shared/tokens/signing_keys.ts";
import { sessionIds } from "./arbitraries.ts";

export const ISSUER = "https://abc.supabase.co/functions/v1/unified-auth";
export const COOKIE_NAME_LENGTH = "__Host-session_access".length;

export const pair = await generateKeyPair("ES256", { extractable: true });
export const privateJwk = { ...await exportJWK(pair.privateKey), kid: "ec" };
const hmacJwk = { kty: "oct", k: Buffer.alloc(32, 7).toString("base64url"), kid: "hmac" };

/** An ES256 key, named `ec`, which signs, and an HS256 key, named `hmac`. */
export const keys = await importKeys([privateJwk, hmacJwk]);
export const tokens = createTokens(keys);
/** The same keys, but HS256 signs. */
export const hmacTokens = createTokens(await importKeys([hmacJwk, privateJwk]));

export const CLAIMS: AccessClaims = {
  userId: "00112233-4455-6677-8899-aabbccddeeff" as UserId,
  sessionId: fc.sample(sessionIds, { numRuns: 1, seed: 1 })[0] ?? assert.fail(),
  generation: 3,
  branch: 1,
  aal: "aal2",
  amr: [{ method: "password", timestamp: 1_700_000_000 }],
  role: "authenticated",
  email: "ada@example.com",
  phone: "4915112345678",
  isAnonymous: false,
  appMetadata: { provider: "email", roles: ["admin"] },
  issuedAt: 1_700_000_000,
  expiresAt: 1_700_003_600,
};

export async function importKeys(jwks: readonly object[]): Promise<SigningKeys> {
  return await importSigningKeys(parseSigningKeys(JSON.stringify(jwks)));
}

/** A signer and verifier of the same issuer with other keys. */
export function createTokens(signingKeys: SigningKeys): AccessTokens {
  return createAccessTokens({
    keys: signingKeys,
    issuer: ISSUER,
    cookieNameLength: COOKIE_NAME_LENGTH,
  });
}
