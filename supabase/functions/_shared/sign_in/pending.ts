/**
 * A half-done sign-in: Supabase Auth knows who it is, and something is still wanted before a session of
 * ours is made. The browser carries it sealed; Supabase Auth's token in it reaches no script.
 *
 * @module
 */

import type { SessionId } from "../brands.ts";
import type { ProviderSession } from "../identity/sign_in_provider.ts";

/** Why somebody signs in, which decides what is wanted of them. */
export type Intent =
  | "sign_in"
  /** A new password, by mail. */
  | "recovery"
  /** The first password, once the address is confirmed. */
  | "signup"
  /** A change of a signed-in user's own account. */
  | "change";

/** The step that a half-done sign-in waits for. */
export type AwaitedStep =
  /** The person's word that this is their account: the mail was opened in another browser. */
  | "consent"
  | "factor"
  | "password"
  /** The change that it was begun for. */
  | "change"
  /** The first code of a factor that was just enrolled. */
  | "enrollment"
  /** Nothing but our database, which did not answer when the session was to be made. */
  | "session";

/** The challenge of a phone: its answer must come with the address that asked for it. */
export interface SentChallenge {
  readonly factorId: string;
  readonly challengeId: string;
  readonly ip: string | null;
}

export interface PendingSignIn {
  /** Random: it is finished once. */
  readonly flow: string;
  readonly intent: Intent;
  readonly awaits: AwaitedStep;
  readonly session: ProviderSession;
  /** The claim that opened it: a retry after an outage goes on from here. */
  readonly openedBy: string | null;
  readonly challenge: SentChallenge | null;
  /** Of `change`: the session of ours that it was begun in. */
  readonly ownSessionId: SessionId | null;
  readonly deviceName: string | null;
}
