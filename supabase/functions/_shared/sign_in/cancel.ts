/**
 * Ends what a browser has half done, at once: its session of Supabase Auth is dropped, so that a copy of the
 * sealed cookie finishes nothing.
 *
 * @module
 */

import type { ProviderSession } from "../identity/sign_in_provider.ts";
import { dropIdentitySession } from "../sessions/login.ts";
import type { RequestContext } from "../store/session_store.ts";
import type { SignInDependencies } from "./dependencies.ts";

/** A session that could not be dropped ends with its cookie, which nobody else has. */
export async function cancelSignIn(
  dependencies: Pick<SignInDependencies, "identityProvider" | "log">,
  { sessions, context }: {
    readonly sessions: readonly ProviderSession[];
    readonly context: RequestContext;
  },
): Promise<void> {
  await Promise.all(
    sessions.map(({ identity }) => dropIdentitySession(dependencies, identity, context)),
  );
}
