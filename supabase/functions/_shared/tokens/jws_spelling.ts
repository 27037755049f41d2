/**
 * The one spelling of a signed token. A decoder takes several texts for the same bytes, and of an ECDSA
 * signature (r, s) the pair (r, n − s) is one too: without a rule each token has other spellings, which
 * cost a signature check each and fill whatever is kept by the token's text.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { SigningAlgorithm } from "./signing_keys.ts";

/** The order n of P-256 (FIPS 186-5; SEC 2, 2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const HALF_ORDER = ORDER / 2n;

const SIGNATURE_BYTES: Readonly<Record<SigningAlgorithm, number>> = { ES256: 64, HS256: 32 };
const ES256_HALF_BYTES = 32;

/** Whether the three parts are base64url as an encoder writes it, and the signature is ours in form. */
export function isCanonicalJws(raw: string, alg: SigningAlgorithm): boolean {
  const parts = raw.split(".");
  if (parts.length !== 3 || !parts.every(isCanonicalBase64Url)) return false;
  const signature = Buffer.from(parts[2] ?? "", "base64url");
  if (signature.length !== SIGNATURE_BYTES[alg]) return false;
  return alg !== "ES256" || readS(signature) <= HALF_ORDER;
}

/** The same token with the smaller of the two signatures, as {@linkcode isCanonicalJws} wants it. */
export function toCanonicalJws(raw: string, alg: SigningAlgorithm): string {
  if (alg !== "ES256") return raw;
  const signatureAt = raw.lastIndexOf(".") + 1;
  const signature = Buffer.from(raw.slice(signatureAt), "base64url");
  const s = readS(signature);
  if (s <= HALF_ORDER) return raw;
  const smaller = (ORDER - s).toString(16).padStart(2 * ES256_HALF_BYTES, "0");
  signature.write(smaller, ES256_HALF_BYTES, "hex");
  return raw.slice(0, signatureAt) + signature.toString("base64url");
}

function readS(signature: Buffer): bigint {
  return BigInt(`0x${signature.toString("hex", ES256_HALF_BYTES)}`);
}

/** The last character's spare bits are zero, and there is neither padding nor a stray character. */
function isCanonicalBase64Url(text: string): boolean {
  return text !== "" && Buffer.from(text, "base64url").toString("base64url") === text;
}
