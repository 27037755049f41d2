/**
 * The thumbprint of a key (RFC 7638): SHA-256 of its required members in lexicographic order, without
 * whitespace. Not by jose, which hands 120 bytes to another thread and waits for it.
 *
 * @module
 */

import { sha256Of } from "./hmac.ts";

/** The members that identify a key. Its other members are not read. */
export type IdentifyingMembers =
  | { readonly kty: "EC"; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: "oct"; readonly k: string };

/** 32 bytes. */
export function thumbprintOf(jwk: IdentifyingMembers): Uint8Array<ArrayBuffer> {
  const members = jwk.kty === "EC"
    ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }
    : { k: jwk.k, kty: jwk.kty };
  return sha256Of(JSON.stringify(members));
}
