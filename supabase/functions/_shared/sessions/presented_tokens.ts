/**
 * The tokens that a request presents, as the use cases take them.
 *
 * @module
 */

import type { AccessClaims } from "../tokens/access_token.ts";
import type { GenuineRefreshToken } from "../tokens/refresh_token.ts";

/** The access token that a request presented. */
export type AccessTokenPresented =
  | { readonly kind: "genuine"; readonly claims: AccessClaims }
  | { readonly kind: "invalid" }
  | { readonly kind: "missing" };

/** The refresh token that a request presented: its access token's session's, where there is one. */
export type RefreshTokenPresented =
  | {
    readonly kind: "genuine";
    readonly token: GenuineRefreshToken;
    /** One of each other session, the likelier ones first. */
    readonly others: readonly GenuineRefreshToken[];
  }
  | { readonly kind: "invalid" }
  | { readonly kind: "missing" };

export interface PresentedTokens {
  readonly access: AccessTokenPresented;
  readonly refresh: RefreshTokenPresented;
}

/** The claims of a token that has not expired by this process's own clock. */
export function readUnexpiredClaims(
  access: AccessTokenPresented,
  nowMs: number,
): AccessClaims | null {
  return access.kind === "genuine" && access.claims.expiresAt * 1000 > nowMs ? access.claims : null;
}
