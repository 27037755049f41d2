/**
 * Proofs that a browser holds its key: DPoP JWTs (RFC 9449) over a challenge of ours. Judges the proof
 * and names its key; whether that key may go on with a session is the rotation rule's to say.
 *
 * `iat` is not looked at: the browser's clock may be wrong, and the challenge dates the proof. Of `htu`
 * only the last segment counts: behind a proxy the function does not know the URL that the browser saw.
 *
 * @module
 */

import {
  calculateJwkThumbprint,
  compactVerify,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  importJWK,
} from "jose";
import { Buffer } from "node:buffer";
import * as z from "zod";
import type { KeyThumbprint } from "./brands.ts";
import { readChallenge } from "./proof_challenge.ts";
import { KEY_THUMBPRINT_BYTES } from "./refresh_token.ts";
import type { SessionKeys } from "./session_keys.ts";
import type { PresentedProof } from "./session_store.ts";

/** A proof of ours has some 500 characters. */
const MAX_PROOF_LENGTH = 2048;

/** 43 characters for 32 bytes; the last has two spare bits, which would give one key two thumbprints. */
const COORDINATE = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

const headerSchema = z.strictObject({
  typ: z.literal("dpop+jwt"),
  alg: z.literal("ES256"),
  jwk: z.strictObject({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: z.string().regex(COORDINATE),
    y: z.string().regex(COORDINATE),
  }),
});

const claimsSchema = z.object({
  htm: z.literal("POST"),
  htu: z.string(),
  nonce: z.string().optional(),
});

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
  const { jwk } = parsed.header;
  return await isSigned(proof, jwk) ? { thumbprint: await thumbprintOf(jwk), challenge } : null;
}

type ProofKey = z.output<typeof headerSchema>["jwk"];

/** The first half of the SHA-256 thumbprint (RFC 7638). */
async function thumbprintOf(jwk: ProofKey): Promise<KeyThumbprint> {
  const thumbprint = Buffer.from(await calculateJwkThumbprint(jwk, "sha256"), "base64url");
  return new Uint8Array(thumbprint.subarray(0, KEY_THUMBPRINT_BYTES)) as KeyThumbprint;
}

function parse(proof: string) {
  if (proof.length > MAX_PROOF_LENGTH) return null;
  try {
    const header = headerSchema.safeParse(decodeProtectedHeader(proof));
    const claims = claimsSchema.safeParse(decodeJwt(proof));
    return header.success && claims.success ? { header: header.data, claims: claims.data } : null;
  } catch (error: unknown) {
    // jose throws a TypeError for a header and a JWTInvalid for claims that cannot be decoded.
    if (error instanceof TypeError || error instanceof errors.JOSEError) return null;
    throw error;
  }
}

function lastSegment(htu: string): string | null {
  if (!URL.canParse(htu)) return null;
  return new URL(htu).pathname.replace(/\/+$/, "").split("/").at(-1) ?? null;
}

async function isSigned(proof: string, jwk: ProofKey): Promise<boolean> {
  try {
    await compactVerify(proof, await importJWK(jwk, "ES256"), { algorithms: ["ES256"] });
    return true;
  } catch (error: unknown) {
    // A point that is not on the curve is a DataError of WebCrypto.
    if (error instanceof errors.JOSEError || error instanceof DOMException) return false;
    throw error;
  }
}
