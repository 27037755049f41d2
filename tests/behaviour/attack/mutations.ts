/**
 * Refresh tokens that nobody issued, made from ones that somebody did: flipped bits, swapped parts,
 * other lengths, other spellings of the same bytes.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import fc from "fast-check";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const TOKEN_BYTES = 94;

/** Any token that differs from both of these, which are two genuine ones. */
export function mutatedTokens(genuine: string, other: string): fc.Arbitrary<string> {
  const position = fc.nat(genuine.length - 1);
  return fc.oneof(
    { weight: 4, arbitrary: flippedBits(genuine) },
    fc.tuple(position, fc.constantFrom(...ALPHABET)).map(([at, character]) =>
      genuine.slice(0, at) + character + genuine.slice(at + 1)
    ),
    position.map((length) => genuine.slice(0, length)).filter((value) => value !== ""),
    fc.string({ minLength: 1, maxLength: 40, unit: fc.constantFrom(...ALPHABET) })
      .map((tail) => genuine + tail),
    position.map((at) => genuine.slice(0, at) + other.slice(at)),
    swappedField(genuine, other),
    fc.uint8Array({ minLength: TOKEN_BYTES, maxLength: TOKEN_BYTES })
      .map((bytes) => Buffer.from(bytes).toString("base64url")),
    fc.constantFrom("=", "==", "%3D", " ", "A").map((tail) => genuine + tail),
    fc.constantFrom(genuine.toLowerCase(), genuine.toUpperCase(), genuine + genuine),
    fc.constant(genuine.replaceAll("-", "+").replaceAll("_", "/") + "=="),
  ).filter((value) => ![genuine, other].includes(value.trim()));
}

function flippedBits(token: string): fc.Arbitrary<string> {
  return fc.uniqueArray(fc.nat(TOKEN_BYTES * 8 - 1), { minLength: 1, maxLength: 4 }).map((bits) => {
    const bytes = Buffer.from(token, "base64url");
    for (const bit of bits) bytes.writeUInt8((bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
    return bytes.toString("base64url");
  });
}

/** One field of the layout from the other token: a session id, a key, a lineage, a tag. */
function swappedField(genuine: string, other: string): fc.Arbitrary<string> {
  const fields = [[1, 17], [17, 21], [21, 22], [22, 38], [38, 46], [46, 78], [78, 94]] as const;
  return fc.constantFrom(...fields).map(([start, end]) => {
    const bytes = Buffer.from(genuine, "base64url");
    Buffer.from(other, "base64url").copy(bytes, start, start, end);
    return bytes.toString("base64url");
  });
}
