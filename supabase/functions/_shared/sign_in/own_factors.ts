/**
 * Second factors of a signed-in user: listed, and enrolled and removed behind a recent sign-in. The first
 * code of a new one ends in a session at `aal2`.
 *
 * @module
 */

import type { RequestContext, SessionAt } from "../store/session_store.ts";
import type { LoginOrigin } from "../sessions/login.ts";
import { makePending, type Pending, type SignInRefusal, type SignInThrottled } from "./advance.ts";
import type { SignInDependencies } from "./dependencies.ts";
import type { PendingSignIn } from "./pending.ts";
import type { EnrolledFactor, OwnFactor } from "../identity/sign_in_provider.ts";
import { noteMade, reauthenticate, useChangeSession, wasJustMade } from "./reauthenticate.ts";
import { refuseAnswer } from "./refusal_codes.ts";

interface OwnRequest {
  readonly own: SessionAt;
  readonly pending: PendingSignIn | null;
  readonly currentPassword: string | null;
  readonly origin: LoginOrigin;
}

export type ListResult =
  | { readonly kind: "listed"; readonly factors: readonly OwnFactor[] }
  | SignInRefusal
  | SignInThrottled;

export type EnrollResult =
  | {
    readonly kind: "enrolled";
    readonly factor: EnrolledFactor;
    readonly pending: PendingSignIn;
  }
  | Pending
  | SignInRefusal
  | SignInThrottled;

export type RemoveResult =
  | { readonly kind: "removed" }
  | Pending
  | SignInRefusal
  | SignInThrottled;

/** @throws {ServiceUnavailableError} If Supabase Auth was not reached */
export async function listOwnFactors(
  { signInProvider }: Pick<SignInDependencies, "signInProvider">,
  { own, context }: { readonly own: SessionAt; readonly context: RequestContext },
): Promise<ListResult> {
  const answer = await signInProvider.listFactors(own.session.userId, context);
  return answer.kind === "ok" ? { kind: "listed", factors: answer.value } : refuseAnswer(answer);
}

/**
 * An unverified factor of the same name is replaced: it is of an enrollment whose answer was lost, or that
 * was given up, and it would keep its name.
 *
 * @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached
 */
export async function enrollOwnFactor(
  dependencies: SignInDependencies,
  { own, pending, currentPassword, origin, ...factor }: OwnRequest & {
    readonly type: "totp" | "phone";
    readonly friendlyName: string;
    readonly phone: string | null;
  },
): Promise<EnrollResult> {
  const { context } = origin;
  const opened = await reauthenticate(dependencies, { own, currentPassword, pending, context });
  if (opened.kind !== "reauthenticated") return opened;
  const { session } = opened;
  const answer = await useChangeSession(dependencies, {
    opened,
    context,
    isLastStep: false,
    async change(token) {
      const { signInProvider } = dependencies;
      const enrolled = await signInProvider.enrollFactor(token, factor, context);
      if (enrolled.kind !== "refused" || enrolled.code !== "mfa_factor_name_conflict") {
        return enrolled;
      }
      const listed = await signInProvider.listFactors(own.session.userId, context);
      if (listed.kind !== "ok") return listed;
      const unfinished = listed.value.find(({ friendlyName, isVerified }) =>
        friendlyName === factor.friendlyName && !isVerified
      );
      if (unfinished === undefined) return enrolled;
      await signInProvider.removeFactor(token, unfinished.id, context);
      return await signInProvider.enrollFactor(token, factor, context);
    },
  });
  if (answer.kind !== "ok") return refuseAnswer(answer);
  const { id, type, friendlyName } = answer.value;
  const step = {
    session: { ...session, factors: [{ id, type, friendlyName }] },
    intent: "change",
    openedBy: null,
    origin,
    ownSessionId: own.session.sessionId,
  } as const;
  return {
    kind: "enrolled",
    factor: answer.value,
    pending: makePending(dependencies, step, "enrollment"),
  };
}

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function removeOwnFactor(
  dependencies: SignInDependencies,
  { own, pending, currentPassword, origin, factorId }: OwnRequest & { readonly factorId: string },
): Promise<RemoveResult> {
  const { context } = origin;
  const name = { own, what: factorId };
  if (await wasJustMade(dependencies, name)) return { kind: "removed" };
  const opened = await reauthenticate(dependencies, { own, currentPassword, pending, context });
  if (opened.kind !== "reauthenticated") return opened;
  const answer = await useChangeSession(dependencies, {
    opened,
    context,
    isLastStep: true,
    change: (token) => dependencies.signInProvider.removeFactor(token, factorId, context),
  });
  if (answer.kind !== "ok") return refuseAnswer(answer);
  await noteMade(dependencies, name);
  return { kind: "removed" };
}
