/**
 * The use cases' view of the identity provider, Supabase Auth: is this password, or this access token
 * that it issued, good, and whose is it? Knows neither HTTP nor supabase-js.
 *
 * @module
 */

import type { UserId } from "../brands.ts";
import type { Json } from "../store/database.types.ts";

declare const identityToken: unique symbol;

/** An access token of Supabase Auth. Never stored, never logged. */
export type IdentityToken = string & { readonly [identityToken]: true };

export interface Identity {
  readonly userId: UserId;
  /** Authenticator assurance level of the sign-in: `aal1`, or `aal2` after a second factor. */
  readonly aal: string;
  /** How the user signed in, as Supabase Auth lists it. */
  readonly amr: readonly Json[];
  /** Whether the user has enrolled a second factor. */
  readonly hasVerifiedFactor: boolean;
  /** Opens the provider's own session of this sign-in, to be dropped again. */
  readonly token: IdentityToken;
  /** That session's id, which the provider's tables know; null if the provider has none. */
  readonly identitySessionId: string | null;
}

export interface PasswordCredentials {
  readonly email: string;
  readonly password: string;
  readonly captchaToken: string | null;
}

/** Why a password was not accepted. Unknown, wrong and banned are one reason on purpose. */
export type PasswordRefusal =
  | "invalid_credentials"
  | "email_not_confirmed"
  | "captcha_failed"
  | "access_denied";

/** Why a token was not accepted. */
export type TokenRefusal = "bad_jwt" | "access_denied";

/** The provider's own rate limit: it judged nobody. */
export interface RateLimited {
  readonly kind: "rate_limited";
  readonly retryAfterSeconds: number;
}

/** `detail` is the provider's own code. For the log. */
export type PasswordResult =
  | { readonly kind: "accepted"; readonly identity: Identity }
  | { readonly kind: "refused"; readonly reason: PasswordRefusal; readonly detail: string }
  | RateLimited;

export type TokenResult =
  | { readonly kind: "accepted"; readonly identity: Identity }
  | { readonly kind: "refused"; readonly reason: TokenRefusal; readonly detail: string }
  | RateLimited;

/** `left`: it may go on until the provider ends it. `reason` is the provider's own code. */
export type DropResult =
  | { readonly kind: "dropped" }
  | { readonly kind: "left"; readonly reason: string };

/** Every method rejects with `ServiceUnavailableError` alone. */
export interface IdentityProvider {
  /** `clientAddress` is what the provider's own rate limit should count, or null. */
  verifyPassword(
    credentials: PasswordCredentials,
    clientAddress: string | null,
  ): Promise<PasswordResult>;
  /** Asks the provider, so that a token whose session was signed out is refused. */
  verifyToken(token: IdentityToken): Promise<TokenResult>;
  /** Drops the provider's own session of a sign-in; one that is gone counts as dropped. */
  dropSession(token: IdentityToken): Promise<DropResult>;
}
