/**
 * The dependencies of the use cases: the store, the identity provider, the keys, and everything that is
 * not a pure function of its input, so that tests can control time and randomness.
 *
 * @module
 */

import type { AccessTokens } from "../tokens/access_token.ts";
import type { SessionId } from "../brands.ts";
import type { IdentityProvider } from "../identity/identity_provider.ts";
import type { Logger } from "../log.ts";
import type { SessionKeys } from "../tokens/session_keys.ts";
import type { SessionStore } from "../store/session_store.ts";
import type { RefusalPace } from "./refusal_pace.ts";

export interface SessionDependencies {
  readonly store: SessionStore;
  readonly identityProvider: IdentityProvider;
  readonly accessTokens: AccessTokens;
  readonly keys: SessionKeys;
  readonly refusalPace: RefusalPace;
  readonly log: Logger;
  /** How long a refresh token lasts from its issue, and a session at most (zero: no limit). */
  readonly lifetimes: { readonly refreshTtlSeconds: number; readonly absoluteTtlSeconds: number };
  readonly randomBytes: (length: number) => Uint8Array;
  readonly newSessionId: () => SessionId;
  /** Milliseconds since 1970, by this process: good for waiting, not for judging a session. */
  readonly nowMs: () => number;
}
