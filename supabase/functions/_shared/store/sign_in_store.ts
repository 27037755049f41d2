/**
 * The state that the sign-in flows keep in the database: which codes were taken, what steps were answered,
 * and which browser is about to change its user's password. Knows no SQL.
 *
 * @module
 */

import type { SessionId, UserId } from "../brands.ts";

declare const claimHash: unique symbol;

/** A keyed hash of a code, a link's hash or the id of a flow: 32 bytes. */
export type ClaimHash = Uint8Array & { readonly [claimHash]: true };

/** Every method rejects with `ServiceUnavailableError` alone. */
export interface SignInStore {
  /** Whether nobody had claimed it, or so long ago that it was forgotten. */
  claim(hash: ClaimHash, options: { readonly keepSeconds: number }): Promise<boolean>;
  /** Gives a claim back, after an outage that left the code unused. */
  release(hash: ClaimHash): Promise<void>;
  /** Keeps the answer of a request, in the place of the one that it had before. */
  rememberAnswer(
    request: ClaimHash,
    kept: { readonly answer: string; readonly keepSeconds: number },
  ): Promise<void>;
  /** Null: there is none, or not any more. */
  recallAnswer(request: ClaimHash): Promise<string | null>;
  /** Spares this session when the password is changed by that session of Supabase Auth. */
  announcePasswordChange(
    change: {
      readonly userId: UserId;
      readonly sessionId: SessionId;
      readonly identitySessionId: string;
    },
  ): Promise<void>;
}
