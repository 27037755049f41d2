/**
 * Redeems a code or a link's hash. Each is claimed before it is sent to Supabase Auth, which takes one several
 * times at once; wrong digits are counted by account, which it does not.
 *
 * @module
 */

import { ServiceUnavailableError } from "../service_unavailable.ts";
import type { LoginCharge } from "../store/session_store.ts";
import type { LoginOrigin } from "../sessions/login.ts";
import {
  advance,
  finish,
  openingName,
  refund,
  releaseQuietly,
  resume,
  type SignInResult,
} from "./advance.ts";
import { attemptBuckets, claimOf, foldAddress, storedAddress } from "./attempt_limits.ts";
import type { SignInDependencies } from "./dependencies.ts";
import type { Intent, PendingSignIn } from "./pending.ts";
import type { ProviderSession, Verification } from "../identity/sign_in_provider.ts";

/** Twice as long as the longest life of a mail's code. */
const CLAIM_CODE_SECONDS = 172_800;

/** The message that this browser requested, and for which address. */
export interface SentMessage {
  /** As Supabase Auth keeps it. */
  readonly address: string;
  readonly intent: Exclude<Intent, "change">;
  readonly returnTo: string;
}

export interface CodeRequest {
  readonly verification: Verification;
  /** Null: another browser asked. */
  readonly sent: SentMessage | null;
  readonly pending: PendingSignIn | null;
  readonly origin: LoginOrigin;
}

/** @throws {ServiceUnavailableError} If Supabase Auth was not reached: the code is as it was */
export async function redeemCode(
  dependencies: SignInDependencies,
  { verification, sent, pending, origin }: CodeRequest,
): Promise<SignInResult> {
  const { keys, signInStore, signInProvider, codePace } = dependencies;
  const address = addressOf(verification);
  const claim = claimOf(
    keys,
    "tokenHash" in verification
      ? { kind: "hash", value: verification.tokenHash }
      : { kind: "digits", value: `${address}\n${verification.token}` },
  );
  const openedBy = openingName(claim);
  const resumed = await resume(dependencies, { openedBy, pending, origin });
  if (resumed !== null) return resumed;

  const admission = address === null ? null : await admit(dependencies, { address, origin });
  if (admission?.kind === "delayed") {
    return { kind: "throttled", retryAfterSeconds: admission.retryAfterSeconds };
  }
  const charge = admission?.charge ?? null;
  const check = codePace.startCheck();
  try {
    if (!await signInStore.claim(claim, { keepSeconds: CLAIM_CODE_SECONDS })) {
      return await refuseCode(dependencies, { charge, origin, reason: "claimed", check });
    }
    const answer = await signInProvider.verify(verification, origin.context);
    switch (answer.kind) {
      case "ok": {
        const session = answer.value;
        const isOfThisBrowser = sent !== null &&
          [session.email, session.phone].some((each) =>
            each !== null && storedAddress(each) === sent.address
          );
        check.decided();
        return await advance(dependencies, {
          session,
          intent: intentOf(verification, isOfThisBrowser ? sent : null),
          openedBy,
          needsConsent: !isOfThisBrowser,
          origin,
          charge,
        });
      }
      case "refused":
        // A wrong code may be the right one of a later message; a used one stays refused there.
        await signInStore.release(claim);
        return await refuseCode(dependencies, { charge, origin, reason: answer.code, check });
      case "rate_limited":
        check.failed();
        await signInStore.release(claim);
        if (charge !== null) await refund(dependencies, { charge, origin });
        return { kind: "throttled", retryAfterSeconds: answer.retryAfterSeconds };
      default:
        return answer satisfies never;
    }
  } catch (error: unknown) {
    check.failed();
    if (error instanceof ServiceUnavailableError) {
      await releaseQuietly(dependencies, claim);
      if (charge !== null) await refund(dependencies, { charge, origin });
    }
    throw error;
  }
}

/**
 * Goes on after the person has said that the account is theirs. Another tab may have opened a link of
 * another account since the question: the answer holds for the account that was named.
 */
export async function acceptAccount(
  dependencies: SignInDependencies,
  { pending, account, origin }: {
    readonly pending: PendingSignIn | null;
    /** Null: the page does not say. */
    readonly account: Pick<ProviderSession, "email" | "phone"> | null;
    readonly origin: LoginOrigin;
  },
): Promise<SignInResult> {
  if (pending?.awaits === "session") return await finish(dependencies, { pending, origin });
  if (pending?.awaits !== "consent") return { kind: "refused", code: "flow_state_not_found" };
  const { session, intent, openedBy } = pending;
  if (account && (account.email !== session.email || account.phone !== session.phone)) {
    return { kind: "refused", code: "flow_state_not_found" };
  }
  return await advance(dependencies, { session, intent, openedBy, needsConsent: false, origin });
}

function addressOf(verification: Verification): string | null {
  if ("tokenHash" in verification) return null;
  return foldAddress("email" in verification ? verification.email : verification.phone);
}

/** A sign-up's confirmation never ends in a session before its password was typed again: see advance.ts. */
function intentOf(verification: Verification, sent: SentMessage | null): Exclude<Intent, "change"> {
  switch (verification.type) {
    case "recovery":
      return "recovery";
    case "signup":
      // Supabase Auth's name for every first confirmation: that of a magic link to a new address too.
      return sent?.intent === "sign_in" ? "sign_in" : "signup";
    case "invite":
      return "signup";
    case "email":
      return sent?.intent ?? "sign_in";
    case "magiclink":
    case "sms":
      return "sign_in";
    default:
      return verification.type satisfies never;
  }
}

async function admit(
  { store, keys }: SignInDependencies,
  { address, origin }: { readonly address: string; readonly origin: LoginOrigin },
) {
  const { ip } = origin.context;
  return await store.admitLogin(attemptBuckets(keys, { kind: "code", subject: address, ip }));
}

/** Wrong, used, expired, of nobody, of somebody banned: one answer, at one pace. */
async function refuseCode(
  { store }: SignInDependencies,
  { charge, origin, reason, check }: {
    readonly charge: LoginCharge | null;
    readonly origin: LoginOrigin;
    readonly reason: string;
    readonly check: { decided(): void; waitForStep(): Promise<void> };
  },
): Promise<SignInResult> {
  check.decided();
  if (charge !== null) {
    await store.recordLoginFailure({ charge, refunded: false, reason }, origin.context);
  }
  await check.waitForStep();
  return { kind: "refused", code: "otp_expired" };
}
