/**
 * From a session of Supabase Auth to one of ours, by the steps that are still wanted: consent, a second
 * factor, a password. Supabase Auth's session is dropped when ours is made.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { SessionId } from "../brands.ts";
import type { ErrorCode } from "../errors.ts";
import type { Identity } from "../identity/identity_provider.ts";
import { ServiceUnavailableError, tolerateOutage } from "../service_unavailable.ts";
import type { LoginCharge, RequestContext } from "../store/session_store.ts";
import type { SessionGrant } from "../sessions/grant.ts";
import {
  dropIdentitySession,
  type LoginOrigin,
  needsSecondFactor,
  startSession,
} from "../sessions/login.ts";
import type { ClaimHash } from "../store/sign_in_store.ts";
import { claimOf } from "./attempt_limits.ts";
import type { SignInDependencies } from "./dependencies.ts";
import type { AwaitedStep, Intent, PendingSignIn } from "./pending.ts";
import type { ProviderAnswer, ProviderSession } from "../identity/sign_in_provider.ts";

const FLOW_ID_BYTES = 16;

/** Longer than any half-done sign-in is kept. */
const CLAIM_FLOW_SECONDS = 3600;

export interface SignedIn {
  readonly kind: "signed_in";
  readonly grant: SessionGrant;
}

/** Something is still wanted. */
export interface Pending {
  readonly kind: "pending";
  readonly pending: PendingSignIn;
}

/** Everything is done but for our database, which did not answer: the same request again goes on. */
export interface Unfinished {
  readonly kind: "unfinished";
  readonly pending: PendingSignIn;
  readonly cause: ServiceUnavailableError;
}

export interface SignInRefusal {
  readonly kind: "refused";
  readonly code: ErrorCode;
}

export interface SignInThrottled {
  readonly kind: "throttled";
  readonly retryAfterSeconds: number;
}

export type SignInResult = SignedIn | Pending | Unfinished | SignInRefusal | SignInThrottled;

export interface Advance {
  readonly session: ProviderSession;
  readonly intent: Intent;
  readonly openedBy: string | null;
  readonly needsConsent: boolean;
  readonly origin: LoginOrigin;
  /** Of a try that was counted before it was known to be right. */
  readonly charge?: LoginCharge | null;
  readonly ownSessionId?: SessionId | null;
}

/** @throws {ServiceUnavailableError} If Supabase Auth did not answer */
export async function advance(
  dependencies: SignInDependencies,
  step: Advance,
): Promise<SignInResult> {
  const { session, intent, needsConsent, origin, charge = null } = step;
  const awaited = nextStep({ session, intent, needsConsent });
  const pending = makePending(dependencies, step, awaited ?? "session");
  if (awaited === null) {
    return await finish(dependencies, { pending, origin, charge });
  }
  if (charge !== null) await refund(dependencies, { charge, origin });
  // Of a person who leaves here, or says no, the address is confirmed all the same. An outage leaves it to
  // the end of the sign-in.
  await tolerateOutage(discardUnverifiedPassword(dependencies, { pending, origin }));
  return { kind: "pending", pending };
}

/** How a half-done sign-in names the code, link or credential that opened it. */
export function openingName(claim: ClaimHash): string {
  return Buffer.from(claim).toString("hex");
}

/** Goes on with a sign-in that `openedBy` opened and an outage left without its session; null: there is none. */
export async function resume(
  dependencies: SignInDependencies,
  { openedBy, pending, origin }: {
    readonly openedBy: string;
    readonly pending: PendingSignIn | null;
    readonly origin: LoginOrigin;
  },
): Promise<SignInResult | null> {
  if (pending?.awaits !== "session" || pending.openedBy !== openedBy) return null;
  return await finish(dependencies, { pending, origin });
}

/** Makes the session, once for each flow. */
export async function finish(
  dependencies: SignInDependencies,
  { pending, origin, charge = null }: {
    readonly pending: PendingSignIn;
    readonly origin: LoginOrigin;
    readonly charge?: LoginCharge | null;
  },
): Promise<SignInResult> {
  const { signInStore, keys } = dependencies;
  const identity = identityOf(pending);
  const claim = claimOf(keys, { kind: "flow", value: pending.flow });
  const unfinished = (cause: ServiceUnavailableError) =>
    ({ kind: "unfinished", pending: { ...pending, awaits: "session" }, cause }) as const;
  let loginCharge = charge;
  try {
    // A recovery and a sign-up end with a password of the owner's own.
    const isReplaced = pending.intent === "sign_in" &&
      await discardUnverifiedPassword(dependencies, { pending, origin });
    if (isReplaced && charge !== null) {
      // The database refuses a login that was charged before its password was changed: this one was.
      await refund(dependencies, { charge, origin });
      loginCharge = null;
    }
  } catch (error: unknown) {
    if (!(error instanceof ServiceUnavailableError)) throw error;
    if (charge !== null) await refund(dependencies, { charge, origin });
    return unfinished(error);
  }
  try {
    if (!await signInStore.claim(claim, { keepSeconds: CLAIM_FLOW_SECONDS })) {
      return { kind: "refused", code: "flow_state_not_found" };
    }
    const deviceName = origin.deviceName ?? pending.deviceName;
    const start = { ...origin, deviceName, identity, loginCharge };
    const result = await startSession(dependencies, start);
    if (result?.kind === "signed_in") return result;
    await dropIdentitySession(dependencies, identity, origin.context);
    // Null: banned, deleted, or signed out at Supabase Auth since the half-done sign-in began.
    return result ?? { kind: "refused", code: "flow_state_expired" };
  } catch (error: unknown) {
    if (!(error instanceof ServiceUnavailableError)) throw error;
    await releaseQuietly(dependencies, claim);
    return unfinished(error);
  }
}

/** The half-done sign-in that is left if the last step fails for an outage. */
export function makePending(
  { randomBytes }: Pick<SignInDependencies, "randomBytes">,
  { session, intent, openedBy, origin, ownSessionId = null }:
    & Omit<
      Advance,
      "needsConsent" | "origin"
    >
    & { readonly origin: Pick<LoginOrigin, "deviceName"> },
  awaits: AwaitedStep,
): PendingSignIn {
  return {
    flow: Buffer.from(randomBytes(FLOW_ID_BYTES)).toString("base64url"),
    intent,
    awaits,
    session,
    openedBy,
    challenge: null,
    ownSessionId,
    deviceName: origin.deviceName,
  };
}

/** Of an answer that is kept for the same request again. */
export const KEPT_ANSWER_SECONDS = 300;

/** If the database is away the answer is not kept, and a repetition is judged anew. */
export async function rememberQuietly(
  { signInStore }: Pick<SignInDependencies, "signInStore">,
  request: ClaimHash,
  answer: string,
): Promise<void> {
  const kept = { answer, keepSeconds: KEPT_ANSWER_SECONDS };
  await tolerateOutage(signInStore.rememberAnswer(request, kept));
}

/** An outage left the code unused. If the database is away too, the code is lost with it. */
export async function releaseQuietly(
  { signInStore }: Pick<SignInDependencies, "signInStore">,
  claim: ClaimHash,
): Promise<void> {
  await tolerateOutage(signInStore.release(claim));
}

/**
 * Reads the user of a session of Supabase Auth that a password has just opened. If that fails nobody
 * else has the session, so it is dropped.
 *
 * @throws {ServiceUnavailableError} If Supabase Auth was not reached
 */
export async function readNewSession(
  dependencies: SignInDependencies,
  { identity, context }: { readonly identity: Identity; readonly context: RequestContext },
): Promise<ProviderAnswer<ProviderSession>> {
  let isUsed = false;
  try {
    const answer = await dependencies.signInProvider.readSession(identity.token, context);
    isUsed = answer.kind === "ok";
    return answer;
  } finally {
    if (!isUsed) await dropIdentitySession(dependencies, identity, context);
  }
}

/** Takes back what a try was charged, where the database answers. */
export async function refund(
  { store }: Pick<SignInDependencies, "store">,
  { charge, origin }: {
    readonly charge: LoginCharge;
    readonly origin: Pick<LoginOrigin, "context">;
  },
): Promise<void> {
  const failure = { charge, refunded: true, reason: null };
  await tolerateOutage(store.recordLoginFailure(failure, origin.context));
}

function nextStep(
  { session, intent, needsConsent }: Pick<Advance, "session" | "intent" | "needsConsent">,
): AwaitedStep | null {
  if (needsConsent) return "consent";
  if (needsSecondFactor(session.identity)) return "factor";
  switch (intent) {
    case "recovery":
    case "signup":
      return "password";
    case "change":
      return "change";
    case "sign_in":
      return null;
    default:
      return intent satisfies never;
  }
}

/** Supabase Auth says `otp` of every redeemed code: only the flow knows that this was a recovery. */
function identityOf({ intent, session }: PendingSignIn) {
  const { identity } = session;
  if (intent !== "recovery") return identity;
  const amr = identity.amr.map((entry) =>
    typeof entry === "object" && entry !== null && "method" in entry && entry["method"] === "otp"
      ? { ...entry, method: "recovery" }
      : entry
  );
  return { ...identity, amr };
}

/**
 * Anybody may sign an address up with a password of theirs, and the owner's confirmation by magic link
 * would make it valid. So the password of an address that is confirmed just now is replaced by one that
 * nobody knows; its owner never chose one here, or chooses it after the confirmation. Once for each
 * confirmation: a password that is chosen a moment later stays.
 *
 * @returns Whether it was replaced
 * @throws {ServiceUnavailableError} If it was not replaced: there must be no session yet
 */
async function discardUnverifiedPassword(
  dependencies: SignInDependencies,
  { pending, origin }: {
    readonly pending: PendingSignIn;
    readonly origin: Pick<LoginOrigin, "context">;
  },
): Promise<boolean> {
  const { signInProvider, signInStore, keys, randomBytes, log } = dependencies;
  const { session, openedBy } = pending;
  const { identity, justConfirmedAt } = session;
  if (justConfirmedAt === null || openedBy === null || needsSecondFactor(identity)) return false;
  const value = `${identity.userId}\n${justConfirmedAt}`;
  const claim = claimOf(keys, { kind: "confirmation", value });
  if (!await signInStore.claim(claim, { keepSeconds: CLAIM_FLOW_SECONDS })) return false;
  const random = Buffer.from(randomBytes(32)).toString("base64url");
  let answer: ProviderAnswer<null>;
  try {
    answer = await signInProvider.changePassword(
      identity.token,
      { password: `${random}aA1!`, currentPassword: null },
      origin.context,
    );
  } catch (error: unknown) {
    await releaseQuietly(dependencies, claim);
    throw error;
  }
  if (answer.kind === "ok") return true;
  if (answer.kind === "rate_limited") {
    await releaseQuietly(dependencies, claim);
    throw new ServiceUnavailableError({ dependency: "identity_provider", code: answer.kind });
  }
  log.warn("password of a newly confirmed address was not replaced", {
    request_id: origin.context.requestId,
    user_id: identity.userId,
    cause: answer.code,
  });
  return false;
}
