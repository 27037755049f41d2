/**
 * Makes fresh keys. `deno task keys` prints them as an env file: nothing but the file on stdout, the
 * hints on stderr.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { exportJWK, generateKeyPair } from "jose";

/** The two variables without which the functions do not start. */
export interface KeySettings {
  readonly SESSION_SECRET: string;
  readonly SESSION_SIGNING_KEYS: string;
}

const HINTS = `
Save the lines above as a file that git ignores, and set them with
  supabase secrets set --env-file <file>
To change a key later without signing anybody out, append the new one, let ten minutes pass until
every process has it, then put it first (the first signs, all verify):
  SESSION_SECRET='<old>,<new>'  SESSION_SIGNING_KEYS='[<old>,<new>]'
  SESSION_SECRET='<new>,<old>'  SESSION_SIGNING_KEYS='[<new>,<old>]'
`;

/** A secret of 32 random bytes and an ES256 key in the form that Supabase imports as a signing key. */
export async function generateKeys(): Promise<KeySettings> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = {
    ...await exportJWK(privateKey),
    kid: crypto.randomUUID(),
    alg: "ES256",
    use: "sig",
    key_ops: ["sign", "verify"],
  };
  return {
    SESSION_SECRET: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url"),
    SESSION_SIGNING_KEYS: JSON.stringify(jwk),
  };
}

/**
 * Writes an env file. In single quotes, because the Supabase CLI takes what is between them as it
 * stands, while it leaves the backslashes of `\"` in what is between double ones.
 */
export function formatEnvFile(settings: KeySettings): string {
  return Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`).join("");
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  await Deno.stdout.write(encoder.encode(formatEnvFile(await generateKeys())));
  await Deno.stderr.write(encoder.encode(HINTS));
}
