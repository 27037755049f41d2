/**
 * The keys that sign access tokens: reads `SESSION_SIGNING_KEYS`, refuses what is not fit to sign with,
 * and publishes the public halves. Knows nothing of claims.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { importJWK } from "jose/key/import";
import { hmacSha256 } from "./hmac.ts";
import { thumbprintOf } from "./jwk_thumbprint.ts";

const ES256 = { name: "ECDSA", hash: "SHA-256" } as const;

const HS256_MIN_BYTES = 32; // RFC 7518 section 3.2: no shorter than the hash

const BASE64URL_32_BYTES = /^[A-Za-z0-9_-]{43}$/;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const PRINTABLE_NAME = /^[\x21-\x7e]{1,128}$/;

interface EcJwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly alg: "ES256";
  readonly kid?: string | undefined;
  readonly x: string;
  readonly y: string;
  readonly d: string;
}

interface OctJwk {
  readonly kty: "oct";
  readonly alg: "HS256";
  readonly kid?: string | undefined;
  readonly k: string;
}

type PrivateJwk = EcJwk | OctJwk;

/** A private key that is fit to sign with; its `kid` is given or is its RFC 7638 thumbprint. */
export type SigningJwk = PrivateJwk & { readonly kid: string };

/** The algorithms that access tokens are signed with and no others. */
export type SigningAlgorithm = SigningJwk["alg"];

/** A public key as the JWKS endpoint lists it. */
export interface PublicJwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly alg: "ES256";
  readonly use: "sig";
  readonly key_ops: readonly ["verify"];
  readonly kid: string;
  readonly x: string;
  readonly y: string;
}

/** One key, imported once. For HS256 the two halves are the same secret. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: CryptoKey;
  /** The signature as a JWS has it. HS256 in this thread, which takes less than handing it to another. */
  sign(input: Uint8Array<ArrayBuffer>): Uint8Array | Promise<Uint8Array>;
  readonly publicKey: CryptoKey;
}

/** All keys, newest first. Each verifies; only the first signs. */
export interface SigningKeys {
  readonly signing: SigningKey;
  readonly all: readonly SigningKey[];
  find(kid: string): SigningKey | undefined;
  /** The keys that others may verify with (RFC 7517 section 5). HS256 keys are secrets and never in it. */
  readonly publicJwks: { readonly keys: readonly PublicJwk[] };
}

/** `SESSION_SIGNING_KEYS` cannot be used. `problems` holds no part of a key. */
export class SigningKeysError extends Error {
  override readonly name = "SigningKeysError";
  constructor(readonly problems: readonly string[]) {
    super(problems.join("; "));
  }
}

/**
 * Reads a JWK, an array of JWKs or a JWK set.
 *
 * @throws {SigningKeysError} If any key is unfit, naming every problem
 */
export function parseSigningKeys(json: string): readonly SigningJwk[] {
  const candidates = readKeyList(json);
  const problems: string[] = [];
  const jwks: SigningJwk[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const name = `key ${index + 1}`;
    const parsed = readPrivateJwk(candidate, (problem) => problems.push(`${name}: ${problem}`));
    if (parsed === null) continue;
    const jwk = {
      ...parsed,
      kid: parsed.kid ?? Buffer.from(thumbprintOf(parsed)).toString("base64url"),
    };
    if (jwks.some((other) => other.kid === jwk.kid)) problems.push(`${name}: kid: given twice`);
    jwks.push(jwk);
  }
  if (candidates.length === 0) problems.push("there is no key");
  if (problems.length > 0) throw new SigningKeysError(problems);
  return jwks;
}

/**
 * Imports parsed keys for use.
 *
 * @throws {RangeError} If there is none
 * @throws {SigningKeysError} If the halves of one do not belong together
 */
export async function importSigningKeys(jwks: readonly SigningJwk[]): Promise<SigningKeys> {
  const all = await Promise.all(
    jwks.map((jwk, index) => importSigningKey(jwk, `key ${index + 1}`)),
  );
  const [signing] = all;
  if (signing === undefined) throw new RangeError("Cannot import signing keys: no key");
  const byKid = new Map(all.map((key) => [key.kid, key]));
  return {
    signing,
    all,
    find: (kid) => byKid.get(kid),
    publicJwks: { keys: jwks.flatMap((jwk) => jwk.kty === "EC" ? [toPublicJwk(jwk)] : []) },
  };
}

async function importSigningKey(jwk: SigningJwk, name: string): Promise<SigningKey> {
  if (jwk.kty === "oct") {
    const bytes = new Uint8Array(Buffer.from(jwk.k, "base64url"));
    const secret = await crypto.subtle.importKey(
      "raw",
      bytes,
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign", "verify"],
    );
    const sign = (input: Uint8Array) => hmacSha256(bytes, input);
    return { kid: jwk.kid, alg: jwk.alg, privateKey: secret, publicKey: secret, sign };
  }
  const { kid, kty, crv, x, y, d, alg } = jwk;
  const problem = new SigningKeysError([`${name}: d: not the key of x and y`]);
  try {
    const [privateKey, publicKey] = await Promise.all([
      importCryptoKey({ kty, crv, x, y, d }, alg),
      importCryptoKey({ kty, crv, x, y }, alg),
    ]);
    const sign = async (input: Uint8Array<ArrayBuffer>) =>
      new Uint8Array(await crypto.subtle.sign(ES256, privateKey, input));
    // A key whose halves do not belong together would sign tokens that nobody can verify.
    const probe = new Uint8Array(32);
    if (!await crypto.subtle.verify(ES256, publicKey, await sign(probe), probe)) throw problem;
    return { kid, alg, privateKey, publicKey, sign };
  } catch {
    throw problem; // zero, not below the order of the curve, or x and y no point of it
  }
}

async function importCryptoKey(
  jwk: Readonly<Record<string, string>>,
  alg: SigningAlgorithm,
): Promise<CryptoKey> {
  const key = await importJWK(jwk, alg);
  if (key instanceof Uint8Array) throw new TypeError("Cannot import a secret as a key pair");
  return key;
}

function toPublicJwk({ kty, crv, alg, kid, x, y }: SigningJwk & { kty: "EC" }): PublicJwk {
  return { kty, crv, alg, use: "sig", key_ops: ["verify"], kid, x, y };
}

function readKeyList(json: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's own message quotes its input, which is a private key.
    throw new SigningKeysError(["not JSON"]);
  }
  if (Array.isArray(value)) return value;
  return isRecord(value) && Array.isArray(value.keys) ? value.keys : [value];
}

/** By hand and not by zod: a cold start would wait for it. A problem quotes nothing of the key. */
function readPrivateJwk(value: unknown, report: (problem: string) => void): PrivateJwk | null {
  if (!isRecord(value)) {
    report("not a JWK");
    return null;
  }
  let isFit = true;
  const requireMember = (member: string, holds: boolean, rule: string) => {
    if (!holds) report(`${member}: ${rule}`);
    isFit &&= holds;
  };
  const { kty, crv, alg, kid, use, x, y, d, k } = value;
  const fits = (text: unknown, pattern: RegExp): text is string =>
    typeof text === "string" && pattern.test(text);
  requireMember("kty", kty === "EC" || kty === "oct", "must be EC (for ES256) or oct (for HS256)");
  if (!isFit) return null;
  const algorithm = kty === "EC" ? "ES256" : "HS256";
  requireMember("alg", alg === undefined || alg === algorithm, `must be ${algorithm}`);
  requireMember(
    "kid",
    kid === undefined || fits(kid, PRINTABLE_NAME),
    "must be 1 to 128 printable characters",
  );
  requireMember("use", use === undefined || use === "sig", "must be sig");
  const name = typeof kid === "string" ? kid : undefined;
  if (kty === "oct") {
    requireMember("k", fits(k, BASE64URL), "must be base64url");
    if (!fits(k, BASE64URL)) return null;
    const { length } = Buffer.from(k, "base64url");
    requireMember("k", length >= HS256_MIN_BYTES, `must hold at least ${HS256_MIN_BYTES} bytes`);
    return isFit ? { kty: "oct", alg: "HS256", kid: name, k } : null;
  }
  requireMember("crv", crv === "P-256", "must be P-256");
  for (const [member, text] of Object.entries({ x, y, d })) {
    requireMember(member, fits(text, BASE64URL_32_BYTES), "must be 32 bytes in base64url");
  }
  if (!isFit || typeof x !== "string" || typeof y !== "string" || typeof d !== "string") {
    return null;
  }
  return { kty: "EC", crv: "P-256", alg: "ES256", kid: name, x, y, d };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
