/**
 * HMAC-SHA256 and SHA-256 of short inputs, by @noble/hashes: a tag of 80 bytes takes a third of the time
 * of `node:crypto`, which makes a stream for each, and a cold start loads a fifth as much.
 *
 * @module
 */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

type KeyedHmac = ReturnType<typeof hmac.create>;

/** A key is hashed into its two blocks once, and not with each tag. */
const keyed = new WeakMap<Uint8Array, KeyedHmac>();

const encoder = new TextEncoder();

/** Of the parts one after the other. `key` must not change while it is in use. */
export function hmacSha256(
  key: Uint8Array,
  ...parts: readonly (Uint8Array | string)[]
): Uint8Array<ArrayBuffer> {
  let start = keyed.get(key);
  if (start === undefined) {
    start = hmac.create(sha256, key);
    keyed.set(key, start);
  }
  const state = start.clone();
  for (const part of parts) state.update(typeof part === "string" ? encoder.encode(part) : part);
  return new Uint8Array(state.digest());
}

export function sha256Of(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sha256(encoder.encode(text)));
}

/** Takes the same time wherever the two differ. */
export function equalsInConstantTime(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at += 1) difference |= (one[at] ?? 0) ^ (other[at] ?? 0);
  return difference === 0;
}
