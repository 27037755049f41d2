/**
 * The second factor of a half-done sign-in. A TOTP is challenged and verified in one request, as Supabase
 * Auth binds a challenge to the address it came from; a phone's challenge is sealed with that address.
 * Wrong codes are counted by user, and a code that was accepted is not accepted again: Supabase Auth does
 * neither.
 *
 * @module
 */

import type { Identity } from "../identity/identity_provider.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import type { LoginCharge, RequestContext } from "../store/session_store.ts";
import type { LoginOrigin } from "../sessions/login.ts";
import {
  advance,
  finish,
  type Pending,
  readNewSession,
  refund,
  releaseQuietly,
  type SignInRefusal,
  type SignInResult,
  type SignInThrottled,
} from "./advance.ts";
import { attemptBuckets, claimOf } from "./attempt_limits.ts";
import type { SignInDependencies } from "./dependencies.ts";
import type { PendingSignIn } from "./pending.ts";
import type { ProviderAnswer, ProviderSession } from "../identity/sign_in_provider.ts";
import { endWithOwnSession } from "./reauthenticate.ts";
import { refuseAnswer } from "./refusal_codes.ts";

/** A TOTP is accepted for a minute and a half at most. */
const CLAIM_FACTOR_SECONDS = 120;

/** Supabase Auth's default pause between two text messages. It does not say how long is left. */
const MESSAGE_INTERVAL_SECONDS = 60;

/**
 * Of a login whose password was right.
 *
 * @throws {ServiceUnavailableError} If Supabase Auth was not reached
 */
export async function continueWithFactor(
  dependencies: SignInDependencies,
  { identity, origin }: { readonly identity: Identity; readonly origin: LoginOrigin },
): Promise<SignInResult> {
  const answer = await readNewSession(dependencies, { identity, context: origin.context });
  if (answer.kind !== "ok") return refuseAnswer(answer);
  const step = { session: answer.value, intent: "sign_in", openedBy: null } as const;
  return await advance(dependencies, { ...step, needsConsent: false, origin });
}

export type FactorChallengeResult = Pending | SignInRefusal | SignInThrottled;

/**
 * Sends a code to a phone. Of a TOTP there is nothing to send.
 *
 * @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached
 */
export async function challengeFactor(
  { store, keys, signInProvider }: SignInDependencies,
  { pending, factorId, context }: {
    readonly pending: PendingSignIn | null;
    readonly factorId: string;
    readonly context: RequestContext;
  },
): Promise<FactorChallengeResult> {
  const factor = pending === null ? undefined : findFactor(pending, factorId);
  if (pending === null || !awaitsCode(pending)) {
    return { kind: "refused", code: "flow_state_not_found" };
  }
  if (factor === undefined) return { kind: "refused", code: "mfa_factor_not_found" };
  if (factor.type === "webauthn") return { kind: "refused", code: "mfa_factor_not_supported" };
  if (factor.type === "totp") return { kind: "pending", pending };
  const { token, userId } = pending.session.identity;
  const admission = await store.admitLogin(
    attemptBuckets(keys, { kind: "message", subject: userId, ip: context.ip }),
  );
  if (admission.kind === "delayed") {
    return { kind: "throttled", retryAfterSeconds: admission.retryAfterSeconds };
  }
  const answer = await signInProvider.challengeFactor(token, factor, context);
  if (answer.kind === "refused" && answer.code === "over_sms_send_rate_limit") {
    return { kind: "throttled", retryAfterSeconds: MESSAGE_INTERVAL_SECONDS };
  }
  if (answer.kind !== "ok") return refuseAnswer(answer);
  const challenge = { factorId, challengeId: answer.value, ip: context.ip };
  return { kind: "pending", pending: { ...pending, challenge } };
}

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function verifyFactor(
  dependencies: SignInDependencies,
  { pending, factorId, code, origin }: {
    readonly pending: PendingSignIn | null;
    readonly factorId: string;
    readonly code: string;
    readonly origin: LoginOrigin;
  },
): Promise<SignInResult> {
  const { store, keys, signInStore } = dependencies;
  if (pending?.awaits === "session") return await finish(dependencies, { pending, origin });
  if (pending === null || !awaitsCode(pending)) {
    return { kind: "refused", code: "flow_state_not_found" };
  }
  const factor = findFactor(pending, factorId);
  if (factor === undefined) return { kind: "refused", code: "mfa_factor_not_found" };
  if (factor.type === "webauthn") return { kind: "refused", code: "mfa_factor_not_supported" };
  const { session, ownSessionId } = pending;
  if (ownSessionId !== null) {
    const change = { session, ownSessionId, context: origin.context };
    const refusal = await endWithOwnSession(dependencies, change);
    if (refusal !== null) return refusal;
  }
  const { userId } = session.identity;
  const admission = await store.admitLogin(
    attemptBuckets(keys, { kind: "factor", subject: userId, ip: origin.context.ip }),
  );
  if (admission.kind === "delayed") {
    return { kind: "throttled", retryAfterSeconds: admission.retryAfterSeconds };
  }
  const { charge } = admission;
  const claim = claimOf(keys, { kind: "factor", value: `${userId}\n${factorId}\n${code}` });
  const refuseCode = async (reason: string): Promise<SignInRefusal> => {
    await store.recordLoginFailure({ charge, refunded: false, reason }, origin.context);
    return { kind: "refused", code: "mfa_verification_failed" };
  };
  try {
    if (!await signInStore.claim(claim, { keepSeconds: CLAIM_FACTOR_SECONDS })) {
      return await refuseCode("claimed");
    }
    const answer = await answerChallenge(dependencies, { pending, factorId, code, origin });
    if (answer.kind === "ok") {
      return await goOn(dependencies, { pending, session: answer.value, charge, origin });
    }
    if (answer.kind === "refused" && answer.code === "mfa_verification_failed") {
      return await refuseCode(answer.code);
    }
    await signInStore.release(claim);
    await refund(dependencies, { charge, origin });
    return refuseAnswer(answer);
  } catch (error: unknown) {
    if (error instanceof ServiceUnavailableError) {
      await releaseQuietly(dependencies, claim);
      await refund(dependencies, { charge, origin });
    }
    throw error;
  }
}

async function answerChallenge(
  { signInProvider }: SignInDependencies,
  { pending, factorId, code, origin }: {
    readonly pending: PendingSignIn;
    readonly factorId: string;
    readonly code: string;
    readonly origin: LoginOrigin;
  },
): Promise<ProviderAnswer<ProviderSession>> {
  const { token } = pending.session.identity;
  const { context } = origin;
  const sent = pending.challenge;
  if (sent?.factorId === factorId) {
    const { challengeId, ip } = sent;
    return await signInProvider.verifyFactor(token, { factorId, challengeId, code }, {
      ...context,
      ip,
    });
  }
  const factor = findFactor(pending, factorId);
  if (factor?.type !== "totp") return { kind: "refused", code: "mfa_challenge_expired" };
  const challenge = await signInProvider.challengeFactor(token, factor, context);
  if (challenge.kind !== "ok") return challenge;
  const challengeId = challenge.value;
  return await signInProvider.verifyFactor(token, { factorId, challengeId, code }, context);
}

/** A session at `aal2`; of an enrollment a new one that takes the place of the browser's own. */
async function goOn(
  dependencies: SignInDependencies,
  { pending, session, charge, origin }: {
    readonly pending: PendingSignIn;
    readonly session: ProviderSession;
    readonly charge: LoginCharge;
    readonly origin: LoginOrigin;
  },
): Promise<SignInResult> {
  const { justConfirmedAt } = pending.session;
  return await advance(dependencies, {
    session: { ...session, justConfirmedAt },
    intent: pending.awaits === "enrollment" ? "sign_in" : pending.intent,
    openedBy: pending.openedBy,
    needsConsent: false,
    origin,
    charge,
    ownSessionId: pending.ownSessionId,
  });
}

function awaitsCode({ awaits }: PendingSignIn): boolean {
  return awaits === "factor" || awaits === "enrollment";
}

function findFactor({ session }: PendingSignIn, factorId: string) {
  return session.factors.find(({ id }) => id === factorId);
}
