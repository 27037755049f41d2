/**
 * Checks who signed a JWT: one of the project's public keys, by its `kid`, or the legacy secret. Says
 * nothing about times or roles; PostgREST and Supabase Auth judge those differently.
 *
 * @module
 */
import { compactVerify, type CryptoKey, decodeProtectedHeader, importJWK, type JWK } from "jose";
import type { ProjectKeys } from "./project_keys.ts";
import { messageOf } from "./stack_error.ts";

/** The claims of a token whose signature is good. */
export type Claims = Readonly<Record<string, unknown>>;

/** The result of checking a token's signature. */
export type SignatureCheck =
  | { readonly outcome: "good"; readonly claims: Claims }
  | { readonly outcome: "not_three_parts"; readonly parts: number }
  | { readonly outcome: "not_a_token"; readonly reason: string }
  | { readonly outcome: "unsupported_algorithm"; readonly algorithm: string }
  | { readonly outcome: "unknown_key" }
  | { readonly outcome: "wrong_signature" };

/** Checks the signature of one token. */
export type SignatureChecker = (token: string) => Promise<SignatureCheck>;

/** The means to recognise the caller of a request. */
export interface CallerOptions {
  readonly keys: ProjectKeys;
  readonly checkSignature: SignatureChecker;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * An ES256 check costs more than a whole request otherwise does, and the same token comes back with
 * every request of its hour, so good ones are remembered.
 */
const REMEMBERED_TOKENS = 500;

/** @param options.keys JWKs with a `kid`: EC keys verify ES256, oct keys HS256. Private parts are ignored. */
export function createSignatureChecker(
  options: { readonly keys: readonly JWK[]; readonly jwtSecret: string },
): SignatureChecker {
  const remembered = new Map<string, SignatureCheck>();
  const findKey = createKeyFinder(options);

  return async function checkSignature(token) {
    const known = remembered.get(token);
    if (known) return known;
    const found = await verify(token, findKey);
    if (found.outcome === "good") {
      const [oldest] = remembered.keys();
      if (remembered.size >= REMEMBERED_TOKENS && oldest) remembered.delete(oldest);
      remembered.set(token, found);
    }
    return found;
  };
}

type Key = CryptoKey | Uint8Array;
type KeyFinder = (header: { alg?: string; kid?: string }) => Promise<Key | undefined>;

/** A token without a known `kid` may still be signed with the legacy secret, if it says HS256. */
function createKeyFinder(
  { keys, jwtSecret }: { keys: readonly JWK[]; jwtSecret: string },
): KeyFinder {
  const legacySecret = new TextEncoder().encode(jwtSecret);
  const imported = new Map<string, Promise<Key>>();
  for (const { d: _, key_ops: __, ...jwk } of keys) {
    const algorithm = jwk.kty === "EC" ? "ES256" : "HS256";
    imported.set(`${algorithm} ${jwk.kid}`, importJWK(jwk, algorithm));
  }
  return async ({ alg, kid }) =>
    await imported.get(`${alg} ${kid}`) ?? (alg === "HS256" ? legacySecret : undefined);
}

async function verify(token: string, findKey: KeyFinder): Promise<SignatureCheck> {
  const parts = token.split(".").length;
  if (parts !== 3) return { outcome: "not_three_parts", parts };
  try {
    const header = decodeProtectedHeader(token);
    if (header.alg !== "ES256" && header.alg !== "HS256") {
      return { outcome: "unsupported_algorithm", algorithm: String(header.alg) };
    }
    const key = await findKey(header);
    if (!key) return { outcome: "unknown_key" };
    const verified = await compactVerify(token, key, { algorithms: [header.alg] })
      .catch(() => undefined);
    if (!verified) return { outcome: "wrong_signature" };
    const claims: unknown = JSON.parse(new TextDecoder().decode(verified.payload));
    if (typeof claims === "object" && claims !== null && !Array.isArray(claims)) {
      return { outcome: "good", claims: Object.fromEntries(Object.entries(claims)) };
    }
    return { outcome: "not_a_token", reason: "its claims are no object" };
  } catch (thrown) {
    return { outcome: "not_a_token", reason: messageOf(thrown) };
  }
}
