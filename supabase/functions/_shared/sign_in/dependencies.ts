/**
 * The dependencies of the sign-in flows, beyond those of every use case.
 *
 * @module
 */

import type { SessionDependencies } from "../sessions/dependencies.ts";
import type { RefusalPace } from "../sessions/refusal_pace.ts";
import type { SignInProvider } from "../identity/sign_in_provider.ts";
import type { SignInStore } from "../store/sign_in_store.ts";

export interface SignInDependencies extends SessionDependencies {
  readonly signInProvider: SignInProvider;
  readonly signInStore: SignInStore;
  /** When an answer about an address may go out: sending takes longer than not sending. */
  readonly messagePace: RefusalPace;
  /** When a refused code may be answered. */
  readonly codePace: RefusalPace;
}
