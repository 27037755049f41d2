/**
 * HMAC-SHA256 and SHA-256 of short inputs, by @noble/hashes: a tag of 80 bytes takes a third of the time
 * of `node:crypto`, which makes a stream for each, and a cold start loads a fifth as much.
 *
 * @module
 */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** A hash that has begun. */
interface State<Self> {
  _cloneInto(to: Self): Self;
  update(bytes: Uint8Array): unknown;
  digestInto(to: Uint8Array): unknown;
  readonly outputLen: number;
}

/** Where a computation starts, and the state that each one uses anew: to make one took half of the time. */
interface Start<Of extends State<Of>> {
  readonly initial: Of;
  readonly used: Of;
}

const UNKEYED: Start<ReturnType<typeof sha256.create>> = {
  initial: sha256.create(),
  used: sha256.create(),
};

/** A key is hashed into its two blocks once, and not with each tag. */
const keyed = new WeakMap<Uint8Array, Start<ReturnType<typeof hmac.create>>>();

const encoder = new TextEncoder();

/** Of the parts one after the other. `key` must not change while it is in use. */
export function hmacSha256(
  key: Uint8Array,
  ...parts: readonly (Uint8Array | string)[]
): Uint8Array<ArrayBuffer> {
  let start = keyed.get(key);
  if (start === undefined) {
    start = { initial: hmac.create(sha256, key), used: hmac.create(sha256, key) };
    keyed.set(key, start);
  }
  return digest(start, parts);
}

export function sha256Of(text: string): Uint8Array<ArrayBuffer> {
  return digest(UNKEYED, [text]);
}

function digest<Of extends State<Of>>(
  { initial, used }: Start<Of>,
  parts: readonly (Uint8Array | string)[],
): Uint8Array<ArrayBuffer> {
  initial._cloneInto(used);
  for (const part of parts) used.update(typeof part === "string" ? encoder.encode(part) : part);
  const bytes = new Uint8Array(initial.outputLen);
  used.digestInto(bytes);
  return bytes;
}

/** Takes the same time wherever the two differ. */
export function equalsInConstantTime(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at += 1) difference |= (one[at] ?? 0) ^ (other[at] ?? 0);
  return difference === 0;
}
