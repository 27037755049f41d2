/**
 * The proof that this browser has the key: a DPoP JWT (RFC 9449, section 4.2).
 *
 * @module
 */

import type { ProofClaims } from "./prover.ts";

export const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Signs a proof with `pair`. */
export async function signProof(
  crypto: Pick<Crypto, "subtle" | "getRandomValues">,
  { privateKey, publicKey }: CryptoKeyPair,
  { method, url, challenge, issuedAt }: ProofClaims,
): Promise<string> {
  // Member by member: the engines differ in what else they export.
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } };
  const claims = {
    jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
    htm: method,
    htu: url,
    iat: Math.floor(issuedAt / 1000),
    nonce: challenge,
  };
  const utf8 = new TextEncoder();
  const signed = [header, claims].map((part) => base64url(utf8.encode(JSON.stringify(part))))
    .join(".");
  const signature = await crypto.subtle.sign(ECDSA, privateKey, utf8.encode(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
