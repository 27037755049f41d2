/**
 * Passkeys: to sign in with one, and to register one behind a recent sign-in. Supabase Auth uses a challenge
 * up with the first try, and does not limit tries: they are counted here.
 *
 * @module
 */

import type { SessionId } from "../brands.ts";
import type { SessionAt } from "../store/session_store.ts";
import { dropIdentitySession, type LoginOrigin } from "../sessions/login.ts";
import {
  advance,
  openingName,
  type Pending,
  refund,
  resume,
  type SignInRefusal,
  type SignInResult,
  type SignInThrottled,
} from "./advance.ts";
import { attemptBuckets, claimOf } from "./attempt_limits.ts";
import type { SignInDependencies } from "./dependencies.ts";
import type { PendingSignIn } from "./pending.ts";
import type {
  Passkey,
  PasskeyOptions,
  ProviderAnswer,
  ProviderSession,
} from "../identity/sign_in_provider.ts";
import { endWithOwnSession, reauthenticate, useChangeSession } from "./reauthenticate.ts";
import { refusalCode, refuseAnswer } from "./refusal_codes.ts";

/** A registration: in whose name, and the session of ours that it was begun in. */
export interface PasskeyRegistration {
  readonly session: ProviderSession;
  readonly ownSessionId: SessionId;
}

/** Sealed, and carried by the browser between options and answer. */
export interface PasskeyFlow {
  readonly challengeId: string;
  /** Null: a sign-in. */
  readonly registration: PasskeyRegistration | null;
}

export type PasskeyOptionsResult =
  | {
    readonly kind: "options";
    readonly options: PasskeyOptions["options"];
    readonly flow: PasskeyFlow;
  }
  | Pending
  | SignInRefusal
  | SignInThrottled;

export type PasskeyResult =
  | SignInResult
  | { readonly kind: "registered"; readonly passkey: Passkey };

/** @throws {ServiceUnavailableError} If Supabase Auth was not reached */
export async function offerPasskeySignIn(
  { signInProvider }: SignInDependencies,
  { origin }: { readonly origin: LoginOrigin },
): Promise<PasskeyOptionsResult> {
  return offer(await signInProvider.passkeyOptions(origin.context), null);
}

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function offerPasskeyRegistration(
  dependencies: SignInDependencies,
  { own, pending, currentPassword, origin }: {
    readonly own: SessionAt;
    readonly pending: PendingSignIn | null;
    readonly currentPassword: string | null;
    readonly origin: LoginOrigin;
  },
): Promise<PasskeyOptionsResult> {
  const { context } = origin;
  const opened = await reauthenticate(dependencies, { own, currentPassword, pending, context });
  if (opened.kind !== "reauthenticated") return opened;
  const answer = await useChangeSession(dependencies, {
    opened,
    context,
    isLastStep: false,
    change: (token) => dependencies.signInProvider.passkeyRegistrationOptions(token, context),
  });
  return offer(answer, { session: opened.session, ownSessionId: own.session.sessionId });
}

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function verifyPasskey(
  dependencies: SignInDependencies,
  { flow, pending, credential, origin }: {
    readonly flow: PasskeyFlow | null;
    readonly pending: PendingSignIn | null;
    readonly credential: { readonly id: string };
    readonly origin: LoginOrigin;
  },
): Promise<PasskeyResult> {
  const { store, keys, signInProvider } = dependencies;
  const { context } = origin;
  const claim = claimOf(keys, { kind: "passkey", value: JSON.stringify(credential) });
  const openedBy = openingName(claim);
  const resumed = await resume(dependencies, { openedBy, pending, origin });
  if (resumed !== null) return resumed;
  if (flow === null) return { kind: "refused", code: "flow_state_not_found" };
  const { challengeId } = flow;
  if (flow.registration !== null) {
    return await register(dependencies, {
      ...flow,
      registration: flow.registration,
      credential,
      origin,
    });
  }
  const admission = await store.admitLogin(
    attemptBuckets(keys, { kind: "passkey", subject: credential.id, ip: context.ip }),
  );
  if (admission.kind === "delayed") {
    return { kind: "throttled", retryAfterSeconds: admission.retryAfterSeconds };
  }
  const { charge } = admission;
  try {
    const answer = await signInProvider.verifyPasskey({ challengeId, credential }, context);
    switch (answer.kind) {
      case "ok": {
        // A passkey confirms no address, so the password stays as it is: see advance.ts.
        const session = { ...answer.value, justConfirmedAt: null };
        // A first factor and no more: a user with a TOTP is asked for it too.
        const step = { session, intent: "sign_in", openedBy } as const;
        return await advance(dependencies, { ...step, needsConsent: false, origin, charge });
      }
      case "refused": {
        const failure = { charge, refunded: false, reason: answer.code };
        await store.recordLoginFailure(failure, context);
        return { kind: "refused", code: refusalCode(answer.code) };
      }
      case "rate_limited":
        await refund(dependencies, { charge, origin });
        return { kind: "throttled", retryAfterSeconds: answer.retryAfterSeconds };
      default:
        return answer satisfies never;
    }
  } catch (error: unknown) {
    await refund(dependencies, { charge, origin });
    throw error;
  }
}

function offer(
  answer: ProviderAnswer<PasskeyOptions>,
  registration: PasskeyRegistration | null,
): PasskeyOptionsResult {
  if (answer.kind !== "ok") return refuseAnswer(answer);
  const { challengeId, options } = answer.value;
  return { kind: "options", options, flow: { challengeId, registration } };
}

async function register(
  dependencies: SignInDependencies,
  { challengeId, registration, credential, origin }: {
    readonly challengeId: string;
    readonly registration: PasskeyRegistration;
    readonly credential: { readonly id: string };
    readonly origin: LoginOrigin;
  },
): Promise<PasskeyResult> {
  const change = { ...registration, context: origin.context };
  const refusal = await endWithOwnSession(dependencies, change);
  if (refusal !== null) return refusal;
  const { identity } = registration.session;
  const answer = await dependencies.signInProvider.registerPasskey(
    identity.token,
    { challengeId, credential },
    origin.context,
  );
  // Only now: without an answer it stays sealed, and the same request again goes on.
  await dropIdentitySession(dependencies, identity, origin.context);
  return answer.kind === "ok"
    ? { kind: "registered", passkey: answer.value }
    : refuseAnswer(answer);
}
