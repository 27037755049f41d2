/**
 * Access tokens as the functions would have signed them earlier: for showing what happens when one is
 * old. Signed with the stack's own key, so only its times are not real.
 *
 * @module
 */

import { decodeJwt } from "jose";
import { createAccessTokens } from "../../supabase/functions/_shared/tokens/access_token.ts";
import type { RawAccessToken } from "../../supabase/functions/_shared/brands.ts";
import {
  importSigningKeys,
  parseSigningKeys,
} from "../../supabase/functions/_shared/tokens/signing_keys.ts";

type Environment = Readonly<Record<string, string>>;

/**
 * The same token, as if it had been signed `seconds` earlier.
 *
 * @throws {TypeError} If the token is none of this stack's
 */
export async function backdateAccessToken(
  token: string,
  { seconds, environment }: { readonly seconds: number; readonly environment: Environment },
): Promise<RawAccessToken> {
  const accessTokens = createAccessTokens({
    keys: await importSigningKeys(parseSigningKeys(environment["SESSION_SIGNING_KEYS"] ?? "")),
    issuer: String(decodeJwt(token).iss),
    cookieNameLength: 0,
  });
  const result = await accessTokens.verify(token);
  if (result.kind === "invalid") throw new TypeError(`Cannot backdate a token: ${result.reason}`);
  const { claims } = result;
  const signed = await accessTokens.sign({
    ...claims,
    issuedAt: claims.issuedAt - seconds,
    expiresAt: claims.expiresAt - seconds,
  });
  return signed.token;
}
