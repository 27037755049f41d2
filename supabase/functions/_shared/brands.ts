/**
 * Types that keep secrets apart from what may be stored or logged. A raw token cannot be passed where
 * a hash is wanted, nor a plain string where an id is; the only way in is through the functions that
 * make or check them.
 *
 * @module
 */

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A refresh token as the browser holds it. Never stored, never logged, never in a body or a URL. */
export type RawRefreshToken = Brand<string, "RawRefreshToken">;

/** A signed access token (JWT). Never logged. */
export type RawAccessToken = Brand<string, "RawAccessToken">;

/** SHA-256 of a whole refresh token, as the database holds it: 32 bytes. */
export type RefreshTokenHash = Brand<Uint8Array, "RefreshTokenHash">;

/** The first 16 bytes of a browser key's SHA-256 thumbprint (RFC 7638): names the key, and no more. */
export type KeyThumbprint = Brand<Uint8Array, "KeyThumbprint">;

/** Signed by a browser's key to prove possession of it. Not secret. */
export type ProofChallenge = Brand<string, "ProofChallenge">;

/** 8 random bytes of a session, chosen at login and the same in each of its refresh tokens. */
export type Lineage = Brand<Uint8Array, "Lineage">;

/** The id of a row of `sessions`: a lower-case UUID. */
export type SessionId = Brand<string, "SessionId">;

/** The id of a row of `auth.users`: a lower-case UUID. */
export type UserId = Brand<string, "UserId">;
