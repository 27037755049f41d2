/**
 * A session of Supabase Auth for a change that signed-in users make to their account. The first was dropped
 * when they signed in, so that nobody could steal it; a fresh one takes the current password, or a sign-in
 * of less than ten minutes ago, and a second factor where there is one.
 *
 * @module
 */

import type { SessionId, UserId } from "../brands.ts";
import type { RequestContext, SessionAt } from "../store/session_store.ts";
import type { IdentityToken } from "../identity/identity_provider.ts";
import { loginBuckets } from "../sessions/login_throttle.ts";
import { dropIdentitySession, needsSecondFactor } from "../sessions/login.ts";
import {
  makePending,
  type Pending,
  readNewSession,
  refund,
  rememberQuietly,
  type SignInRefusal,
  type SignInThrottled,
} from "./advance.ts";
import { claimOf } from "./attempt_limits.ts";
import type { SignInDependencies } from "./dependencies.ts";
import type { PendingSignIn } from "./pending.ts";
import type { ProviderAnswer, ProviderSession } from "../identity/sign_in_provider.ts";
import { refuseAnswer } from "./refusal_codes.ts";

const RECENT_MS = 600_000;

export interface Reauthentication {
  /** The session of ours that the request came with. */
  readonly own: SessionAt;
  readonly currentPassword: string | null;
  readonly pending: PendingSignIn | null;
  readonly context: RequestContext;
}

/** A change, by what it changes. */
export interface OwnChangeName {
  readonly own: SessionAt;
  readonly what: string;
}

export interface Reauthenticated {
  readonly kind: "reauthenticated";
  readonly session: ProviderSession;
  /** Whether the browser carries it sealed, since a second factor. */
  readonly isCarried: boolean;
}

export type ReauthenticationResult =
  | Reauthenticated
  | Pending
  | SignInRefusal
  | SignInThrottled;

/**
 * Whether this session has made the very change in the last minutes: its answer was lost, and the request
 * comes again.
 *
 * @throws {ServiceUnavailableError} If the database was not reached
 */
export async function wasJustMade(
  { signInStore, keys }: Pick<SignInDependencies, "signInStore" | "keys">,
  change: OwnChangeName,
): Promise<boolean> {
  return await signInStore.recallAnswer(claimOf(keys, changeClaim(change))) !== null;
}

/** If the database is away, a repetition is judged anew. */
export async function noteMade(
  dependencies: Pick<SignInDependencies, "signInStore" | "keys">,
  change: OwnChangeName,
): Promise<void> {
  await rememberQuietly(dependencies, claimOf(dependencies.keys, changeClaim(change)), "made");
}

/**
 * Whether a password is the signed-in user's. A wrong one is counted as that of a login.
 *
 * @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached
 */
export async function isOwnPassword(
  dependencies: SignInDependencies,
  { own, password, context }: {
    readonly own: SessionAt;
    readonly password: string;
    readonly context: RequestContext;
  },
): Promise<boolean> {
  const opened = await open(dependencies, { own, currentPassword: password, context });
  if (opened.kind !== "reauthenticated") return false;
  await dropIdentitySession(dependencies, opened.session.identity, context);
  return true;
}

function changeClaim({ own, what }: OwnChangeName) {
  return { kind: "change", value: `${own.session.sessionId}\n${what}` } as const;
}

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function reauthenticate(
  dependencies: SignInDependencies,
  { own, currentPassword, pending, context }: Reauthentication,
): Promise<ReauthenticationResult> {
  const { sessionId } = own.session;
  if (pending?.awaits === "change" && pending.ownSessionId === sessionId) {
    return { kind: "reauthenticated", session: pending.session, isCarried: true };
  }
  const opened = await open(dependencies, { own, currentPassword, context });
  if (opened.kind !== "reauthenticated" || !needsSecondFactor(opened.session.identity)) {
    return opened;
  }
  const { session } = opened;
  const step = {
    session,
    intent: "change",
    openedBy: null,
    origin: { deviceName: null },
    ownSessionId: sessionId,
  } as const;
  return { kind: "pending", pending: makePending(dependencies, step, "factor") };
}

/**
 * Makes a change with the session, and drops it after the last step. Where a step is refused or not answered
 * it is dropped too, but not while the browser carries it: another try needs no second factor again.
 *
 * @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached
 */
export async function useChangeSession<Value>(
  dependencies: SignInDependencies,
  { opened, context, isLastStep, change }: {
    readonly opened: Reauthenticated;
    readonly context: RequestContext;
    readonly isLastStep: boolean;
    readonly change: (token: IdentityToken) => Promise<ProviderAnswer<Value>>;
  },
): Promise<ProviderAnswer<Value>> {
  const { identity } = opened.session;
  let isKept = opened.isCarried;
  try {
    const answer = await change(identity.token);
    if (answer.kind === "ok") isKept = !isLastStep;
    return answer;
  } finally {
    if (!isKept) await dropIdentitySession(dependencies, identity, context);
  }
}

/**
 * A change goes on only while the session of ours lives that it was begun in: who ends a thief's session
 * ends what the thief has half done. Null: it goes on.
 *
 * @throws {ServiceUnavailableError} If the database was not reached
 */
export async function endWithOwnSession(
  dependencies: SignInDependencies,
  { session, ownSessionId, context }: {
    readonly session: ProviderSession;
    readonly ownSessionId: SessionId;
    readonly context: RequestContext;
  },
): Promise<SignInRefusal | null> {
  // Any place of a live session is current or stale, and so is its first one.
  const firstPlace = { sessionId: ownSessionId, generation: 1, branch: 0, mayConfirm: false };
  const { outcome } = await dependencies.store.validateSession(firstPlace, context);
  if (outcome === "active" || outcome === "stale") return null;
  await dropIdentitySession(dependencies, session.identity, context);
  return { kind: "refused", code: "flow_state_expired" };
}

async function open(
  dependencies: SignInDependencies,
  { own, currentPassword, context }: Omit<Reauthentication, "pending">,
): Promise<Exclude<ReauthenticationResult, Pending>> {
  const { userId, email, createdAt } = own.session;
  if (email === null) return { kind: "refused", code: "reauthentication_needed" };
  const isRecent = own.serverTime.getTime() - createdAt.getTime() <= RECENT_MS;
  if (currentPassword === null && !isRecent) {
    return { kind: "refused", code: "reauthentication_needed" };
  }
  const opened = currentPassword === null
    ? await openByRecentSignIn(dependencies, { userId, email, context })
    : await checkCurrentPassword(dependencies, { email, currentPassword, context });
  if (opened.kind !== "reauthenticated") return opened;
  const { identity } = opened.session;
  if (identity.userId === userId) return opened;
  // Of an address that two accounts have, the password may be the other one's.
  await dropIdentitySession(dependencies, identity, context);
  return { kind: "refused", code: "reauthentication_needed" };
}

async function openByRecentSignIn(
  { signInProvider }: Pick<SignInDependencies, "signInProvider">,
  { context, ...user }: {
    readonly userId: UserId;
    readonly email: string;
    readonly context: RequestContext;
  },
): Promise<Exclude<ReauthenticationResult, Pending>> {
  const answer = await signInProvider.openSessionOf(user, context);
  return answer.kind === "ok"
    ? { kind: "reauthenticated", session: answer.value, isCarried: false }
    : refuseAnswer(answer);
}

/** Counted with the wrong passwords of a login: who has only the session must not guess here instead. */
async function checkCurrentPassword(
  dependencies: SignInDependencies,
  { email, currentPassword, context }: {
    readonly email: string;
    readonly currentPassword: string;
    readonly context: RequestContext;
  },
): Promise<Exclude<ReauthenticationResult, Pending>> {
  const { store, keys, identityProvider } = dependencies;
  const admission = await store.admitLogin(loginBuckets(keys, { email, ip: context.ip }));
  if (admission.kind === "delayed") {
    return { kind: "throttled", retryAfterSeconds: admission.retryAfterSeconds };
  }
  const { charge } = admission;
  const origin = { context };
  try {
    const credentials = { email, password: currentPassword, captchaToken: null };
    const result = await identityProvider.verifyPassword(credentials, context.ip);
    if (result.kind === "rate_limited") {
      await refund(dependencies, { charge, origin });
      return { kind: "throttled", retryAfterSeconds: result.retryAfterSeconds };
    }
    if (result.kind === "refused") {
      const failure = { charge, refunded: false, reason: result.detail };
      await store.recordLoginFailure(failure, context);
      return { kind: "refused", code: "current_password_invalid" };
    }
    const session = await readNewSession(dependencies, { identity: result.identity, context });
    await refund(dependencies, { charge, origin });
    return session.kind === "ok"
      ? { kind: "reauthenticated", session: session.value, isCarried: false }
      : refuseAnswer(session);
  } catch (error: unknown) {
    await refund(dependencies, { charge, origin });
    throw error;
  }
}
