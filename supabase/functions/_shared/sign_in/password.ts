/**
 * A new password: at the end of a recovery or a sign-up, or of a signed-in user. It goes by Supabase Auth's
 * `PUT /user`, which asks for the second factor, refuses the same password and sends the notice that the
 * admin API leaves out.
 *
 * @module
 */

import type { SessionAt } from "../store/session_store.ts";
import type { LoginOrigin } from "../sessions/login.ts";
import { finish, type SignInResult } from "./advance.ts";
import type { SignInDependencies } from "./dependencies.ts";
import type { PendingSignIn } from "./pending.ts";
import type { ProviderAnswer } from "../identity/sign_in_provider.ts";
import {
  isOwnPassword,
  noteMade,
  reauthenticate,
  useChangeSession,
  wasJustMade,
} from "./reauthenticate.ts";
import { passwordRefusalCode } from "./refusal_codes.ts";

export interface OwnChange {
  readonly own: SessionAt;
  readonly pending: PendingSignIn | null;
  readonly currentPassword: string | null;
  readonly password: string;
  readonly origin: LoginOrigin;
}

export type OwnChangeResult =
  | { readonly kind: "changed" }
  | Exclude<SignInResult, { kind: "signed_in" | "unfinished" }>;

/** Whether the half-done sign-in waits for a password, or has got one and waits for its session. */
export function awaitsPassword(pending: PendingSignIn | null): pending is PendingSignIn {
  return pending !== null && (pending.awaits === "password" || pending.awaits === "session");
}

/**
 * Ends a recovery or a sign-up. A password that is refused leaves it as it was: try another one.
 *
 * @throws {ServiceUnavailableError} If Supabase Auth was not reached
 */
export async function choosePassword(
  dependencies: SignInDependencies,
  { pending, password, origin }: {
    readonly pending: PendingSignIn;
    readonly password: string;
    readonly origin: LoginOrigin;
  },
): Promise<SignInResult> {
  if (pending.awaits === "session") return await finish(dependencies, { pending, origin });
  const { token } = pending.session.identity;
  const answer = await dependencies.signInProvider.changePassword(
    token,
    { password, currentPassword: null },
    origin.context,
  );
  // At a sign-up it is the password that was typed then, and so its owner's own.
  const isTheirs = pending.intent === "signup" && isSamePassword(answer);
  if (answer.kind === "ok" || isTheirs) return await finish(dependencies, { pending, origin });
  return refusalOf(answer);
}

/**
 * Changes the password of a signed-in user. All their other sessions end; the one that asks is announced
 * to the database before, which spares it.
 *
 * @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached
 */
export async function changeOwnPassword(
  dependencies: SignInDependencies,
  { own, pending, currentPassword, password, origin }: OwnChange,
): Promise<OwnChangeResult> {
  const { signInProvider, signInStore } = dependencies;
  const { context } = origin;
  const name = { own, what: "password" };
  if (
    await wasJustMade(dependencies, name) &&
    await isOwnPassword(dependencies, { own, password, context })
  ) return { kind: "changed" };
  const opened = await reauthenticate(dependencies, { own, currentPassword, pending, context });
  if (opened.kind !== "reauthenticated") return opened;
  const { identitySessionId } = opened.session.identity;
  const answer = await useChangeSession(dependencies, {
    opened,
    context,
    isLastStep: true,
    async change(token) {
      const { userId, sessionId } = own.session;
      if (identitySessionId !== null) {
        await signInStore.announcePasswordChange({ userId, sessionId, identitySessionId });
      }
      return await signInProvider.changePassword(token, { password, currentPassword }, context);
    },
  });
  if (answer.kind !== "ok") return refusalOf(answer);
  await noteMade(dependencies, name);
  return { kind: "changed" };
}

function refusalOf(answer: Exclude<ProviderAnswer<null>, { kind: "ok" }>) {
  return answer.kind === "refused"
    ? { kind: "refused", code: passwordRefusalCode(answer.code) } as const
    : { kind: "throttled", retryAfterSeconds: answer.retryAfterSeconds } as const;
}

function isSamePassword(answer: ProviderAnswer<null>): boolean {
  return answer.kind === "refused" && answer.code === "same_password";
}
