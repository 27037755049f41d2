/**
 * Time-based one-time passwords (RFC 6238): six digits, half a minute, SHA-1.
 *
 * @module
 */
import { createHmac, randomBytes } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** How long a code is that of now. */
export const TOTP_STEP_MS = 30_000;

/** 160 random bits in base32, as an authenticator app takes them. */
export function makeTotpSecret(): string {
  return [...randomBytes(32)].map((byte) => ALPHABET[byte % 32]).join("");
}

/** The code at `now`, in milliseconds since 1970. */
export function totpCode(secret: string, now: number): string {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(now / TOTP_STEP_MS)));
  const digest = createHmac("sha1", decodeBase32(secret))
    .update(new Uint8Array(counter.buffer))
    .digest();
  const offset = (digest.at(-1) ?? 0) & 0xf;
  const number = digest.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** Whether the code is that of now, or of the step before or after. */
export function isTotpCode(secret: string, { code, now }: { code: string; now: number }): boolean {
  return [-1, 0, 1].some((step) => totpCode(secret, now + step * TOTP_STEP_MS) === code);
}

function decodeBase32(text: string): Uint8Array {
  const bits = [...text].map((character) =>
    ALPHABET.indexOf(character).toString(2).padStart(5, "0")
  ).join("");
  const bytes = bits.match(/.{8}/g) ?? [];
  return new Uint8Array(bytes.map((byte) => parseInt(byte, 2)));
}
