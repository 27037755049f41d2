/**
 * Proofs that a browser holds its key: DPoP JWTs (RFC 9449) over a challenge of ours. Judges the proof
 * and names its key; whether that key may go on with a session is the rotation rule's to say.
 *
 * `iat` is not looked at: the browser's clock may be wrong, and the challenge dates the proof. Of `htu`
 * only the last segment counts: behind a proxy the function does not know the URL that the browser saw.
 *
 * @module
 */

import { decodeProtectedHeader } from "jose/decode/protected_header";
import * as errors from "jose/errors";
import { compactVerify } from "jose/jws/compact/verify";
import { decodeJwt } from "jose/jwt/decode";
import type { KeyThumbprint } from "../brands.ts";
import { thumbprintOf } from "./jwk_thumbprint.ts";
import { readChallenge } from "./proof_challenge.ts";
import { KEY_THUMBPRINT_BYTES } from "./refresh_token.ts";
import type { SessionKeys } from "./session_keys.ts";
import type { TokenPlace } from "./token_place.ts";

/** A proof of ours has some 500 characters. */
const MAX_PROOF_LENGTH = 2048;

/** 43 characters for 32 bytes; the last has two spare bits, which would give one key two thumbprints. */
const COORDINATE = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** The public key of a proof. */
interface ProofKey {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
}

/** The claims of a proof that are looked at. */
interface ProofClaims {
  readonly htu: string;
  readonly nonce: string | undefined;
}

/** A key that has just signed, and the challenge that it signed. */
export interface PresentedProof {
  readonly thumbprint: KeyThumbprint;
  /** Null at a login, where there is no session to challenge for yet. */
  readonly challenge: (TokenPlace & { readonly challengedAt: Date }) | null;
}

/** The route that a proof was made for: the last segment of its `htu`. */
export type ProofRoute = "login" | "validate" | "refresh" | "logout";

/**
 * Reads a proof that anybody may have sent. Answers null, and never throws, unless the key that it
 * names signed it for this route and, but for a login, over a challenge of ours. The signature comes
 * last: it costs more than all the rest of a request, and a challenge cannot be forged.
 */
export async function verifyKeyProof(
  proof: string,
  { route, keys }: { readonly route: ProofRoute; readonly keys: Pick<SessionKeys, "all"> },
): Promise<PresentedProof | null> {
  const parsed = parse(proof);
  if (parsed === null || lastSegment(parsed.claims.htu) !== route) return null;
  const challenge = route === "login" ? null : readChallenge(parsed.claims.nonce ?? "", keys);
  if (challenge === null && route !== "login") return null;
  const { jwk } = parsed;
  return await isSigned(proof, jwk) ? { thumbprint: nameOf(jwk), challenge } : null;
}

/** The first half of the key's thumbprint. */
function nameOf(jwk: ProofKey): KeyThumbprint {
  return thumbprintOf(jwk).slice(0, KEY_THUMBPRINT_BYTES) as KeyThumbprint;
}

function parse(
  proof: string,
): { readonly jwk: ProofKey; readonly claims: ProofClaims } | null {
  if (proof.length > MAX_PROOF_LENGTH) return null;
  try {
    const jwk = readKey(decodeProtectedHeader(proof));
    const claims = readClaims(decodeJwt(proof));
    return jwk && claims && { jwk, claims };
  } catch (error: unknown) {
    // jose throws a TypeError for a header and a JWTInvalid for claims that cannot be decoded.
    if (error instanceof TypeError || error instanceof errors.JOSEError) return null;
    throw error;
  }
}

/** The header may hold nothing else: a member that is not checked is refused. */
function readKey({ typ, alg, jwk, ...others }: Readonly<Record<string, unknown>>): ProofKey | null {
  if (typ !== "dpop+jwt" || alg !== "ES256" || !isEmpty(others)) return null;
  if (typeof jwk !== "object" || jwk === null) return null;
  const { kty, crv, x, y, ...rest }: Readonly<Record<string, unknown>> = { ...jwk };
  return kty === "EC" && crv === "P-256" && isCoordinate(x) && isCoordinate(y) && isEmpty(rest)
    ? { kty, crv, x, y }
    : null;
}

function readClaims({ htm, htu, nonce }: Readonly<Record<string, unknown>>): ProofClaims | null {
  return htm === "POST" && typeof htu === "string" &&
      (nonce === undefined || typeof nonce === "string")
    ? { htu, nonce }
    : null;
}

function isCoordinate(value: unknown): value is string {
  return typeof value === "string" && COORDINATE.test(value);
}

function isEmpty(record: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(record).length === 0;
}

function lastSegment(htu: string): string | null {
  if (!URL.canParse(htu)) return null;
  return new URL(htu).pathname.split("/").findLast((segment) => segment !== "") ?? null;
}

async function isSigned(proof: string, jwk: ProofKey): Promise<boolean> {
  try {
    await compactVerify(proof, jwk, { algorithms: ["ES256"] });
    return true;
  } catch (error: unknown) {
    // A point that is not on the curve is a DataError of WebCrypto.
    if (error instanceof errors.JOSEError || error instanceof DOMException) return false;
    throw error;
  }
}
