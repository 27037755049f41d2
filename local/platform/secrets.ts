/**
 * Everything secret that a local project has, made fresh: the keys of the project, what signs tokens of
 * Supabase Auth, and the settings without which the functions do not start.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { generateKeys, type KeySettings } from "../keys.ts";
import type { ProjectKeys } from "./project_keys.ts";

/** The secrets of one project, as they are kept on disk. */
export interface Secrets {
  readonly projectKeys: ProjectKeys;
  /** Signs the tokens of Supabase Auth: a private ES256 key. */
  readonly authSigningKey: JWK;
  /** `SESSION_SECRET` and `SESSION_SIGNING_KEYS`. */
  readonly sessions: KeySettings;
}

export async function makeSecrets(): Promise<Secrets> {
  const jwtSecret = randomText(40);
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return {
    projectKeys: {
      secret: `sb_secret_${randomText(24)}`,
      publishable: `sb_publishable_${randomText(24)}`,
      serviceRole: await legacyKey(jwtSecret, "service_role"),
      anon: await legacyKey(jwtSecret, "anon"),
      jwtSecret,
    },
    authSigningKey: {
      ...await exportJWK(privateKey),
      kid: crypto.randomUUID(),
      alg: "ES256",
      use: "sig",
    },
    sessions: await generateKeys(),
  };
}

/** Kept in `file`, which only its owner reads; made when there is no such file. */
export async function readOrMakeSecrets(file: string): Promise<Secrets> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
  const secrets = await makeSecrets();
  await Deno.writeTextFile(file, JSON.stringify(secrets, null, 2), {
    mode: 0o600,
    createNew: true,
  });
  return secrets;
}

async function legacyKey(jwtSecret: string, role: string): Promise<string> {
  return await new SignJWT({ role })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer("supabase")
    .setIssuedAt()
    .setExpirationTime("10y")
    .sign(new TextEncoder().encode(jwtSecret));
}

function randomText(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64url");
}
