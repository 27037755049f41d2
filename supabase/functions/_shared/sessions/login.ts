/**
 * Signing in: by password, or by exchange of an access token of Supabase Auth. Supabase Auth judges
 * who somebody is; the session is created here, and Supabase Auth's own session is dropped again, so
 * that no second valid refresh token of the user exists.
 *
 * @module
 */

import type { Lineage } from "../brands.ts";
import type { ErrorCode } from "../errors.ts";
import type {
  Identity,
  IdentityToken,
  PasswordCredentials,
  PasswordResult,
} from "../identity/identity_provider.ts";
import {
  firstRefreshToken,
  type GenuineRefreshToken,
  LINEAGE_BYTES,
  REFRESH_SECRET_BYTES,
} from "../tokens/refresh_token.ts";
import { ServiceUnavailableError, tolerateOutage } from "../service_unavailable.ts";
import type { CreateSessionAnswer, LoginCharge, RequestContext } from "../store/session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { grantTokens, logHookRefusal, type SessionGrant } from "./grant.ts";
import { loginBuckets } from "./login_throttle.ts";
import type { ReadProof } from "./proof.ts";
import type { PasswordCheck } from "./refusal_pace.ts";

export type LoginResult =
  | { readonly kind: "signed_in"; readonly grant: SessionGrant }
  /** The password is right; Supabase Auth's session is kept for the second factor. */
  | { readonly kind: "second_factor"; readonly identity: Identity }
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | { readonly kind: "throttled"; readonly retryAfterSeconds: number };

export interface LoginOrigin {
  readonly deviceName: string | null;
  /** The genuine refresh token that the browser still held: it keeps its one place. */
  readonly presented: GenuineRefreshToken | null;
  /** Of the key that the session is to be bound to. None, or one that does not hold: not bound. */
  readonly readProof: ReadProof;
  readonly context: RequestContext;
}

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function logInByPassword(
  dependencies: SessionDependencies,
  { credentials, ...origin }: LoginOrigin & { readonly credentials: PasswordCredentials },
): Promise<LoginResult> {
  const { store, keys, refusalPace } = dependencies;
  const { context } = origin;
  const admission = await store.admitLogin(
    loginBuckets(keys, { email: credentials.email, ip: context.ip }),
  );
  if (admission.kind === "delayed") {
    return { kind: "throttled", retryAfterSeconds: admission.retryAfterSeconds };
  }
  const { charge } = admission;

  const check = refusalPace.startCheck();
  const refuse = async (): Promise<LoginResult> => {
    await check.waitForStep();
    return { kind: "refused", code: "invalid_credentials" };
  };
  const result = await checkPassword(dependencies, { credentials, charge, context, check });
  if (result.kind === "rate_limited") {
    await refund(store, { charge, context });
    return { kind: "throttled", retryAfterSeconds: result.retryAfterSeconds };
  }
  if (result.kind === "refused") {
    const { reason, detail } = result;
    // A refusal that no later try changes counts, so that its tries are bounded too.
    const refunded = reason === "email_not_confirmed" || reason === "captcha_failed";
    const passwordWasRight = reason === "email_not_confirmed";
    await store.recordLoginFailure(
      { charge, refunded, reason: detail, passwordWasRight },
      context,
    );
    return reason === "invalid_credentials" ? await refuse() : { kind: "refused", code: reason };
  }

  const { identity } = result;
  if (needsSecondFactor(identity)) {
    await store.recordLoginFailure(
      { charge, refunded: true, reason: null, passwordWasRight: true },
      context,
    );
    return { kind: "second_factor", identity };
  }
  return await startCharged(dependencies, { ...origin, identity, charge }) ?? await refuse();
}

async function checkPassword(
  { store, identityProvider, log }: Pick<SessionDependencies, "store" | "identityProvider" | "log">,
  { credentials, charge, context, check }: {
    readonly credentials: PasswordCredentials;
    readonly charge: LoginCharge;
    readonly context: RequestContext;
    readonly check: PasswordCheck;
  },
): Promise<PasswordResult> {
  try {
    const result = await identityProvider.verifyPassword(credentials, context.ip);
    check.decided();
    return result;
  } catch (outage: unknown) {
    check.failed();
    if (outage instanceof ServiceUnavailableError) {
      // It may answer later, a right password with a session whose tokens nobody will ever have.
      log.warn("identity provider may keep a session of an unanswered sign-in", {
        request_id: context.requestId,
        cause: outage.code,
      });
    }
    await refundOutage(store, { charge, context });
    throw outage;
  }
}

/** A session of a right password. If the database is away nothing of the login is left. */
async function startCharged(
  dependencies: SessionDependencies,
  { charge, ...start }: LoginOrigin & {
    readonly identity: Identity;
    readonly charge: LoginCharge;
  },
): Promise<LoginResult | null> {
  const { identity, context } = start;
  try {
    return await startSession(dependencies, { ...start, loginCharge: charge });
  } catch (outage: unknown) {
    if (outage instanceof ServiceUnavailableError) {
      await Promise.all([
        // Twice, if only the answer was lost: that forgives one failure more, of who knows the password.
        refundOutage(dependencies.store, { charge, context }),
        // Unlike a token that was given for exchange, nobody else has this one: it cannot be used again.
        dropIdentitySession(dependencies, identity, context),
      ]);
    }
    throw outage;
  }
}

/** Of a try that nobody judged. */
async function refund(
  store: SessionDependencies["store"],
  { charge, context }: { readonly charge: LoginCharge; readonly context: RequestContext },
): Promise<void> {
  await store.recordLoginFailure({ charge, refunded: true, reason: null }, context);
}

/** An outage is nobody's failure: it gives the charge back, unless the database is away as well. */
async function refundOutage(
  store: SessionDependencies["store"],
  { charge, context }: { readonly charge: LoginCharge; readonly context: RequestContext },
): Promise<void> {
  await tolerateOutage(refund(store, { charge, context }));
}

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function logInByExchange(
  dependencies: SessionDependencies,
  { token, ...origin }: LoginOrigin & { readonly token: IdentityToken },
): Promise<LoginResult> {
  const result = await dependencies.identityProvider.verifyToken(token);
  if (result.kind === "rate_limited") {
    return { kind: "throttled", retryAfterSeconds: result.retryAfterSeconds };
  }
  if (result.kind === "refused") return { kind: "refused", code: result.reason };
  // Its session stays: it is the one in which the user can still finish MFA.
  if (needsSecondFactor(result.identity)) return { kind: "refused", code: "mfa_required" };
  const { identity } = result;
  return await startSession(dependencies, { ...origin, identity, loginCharge: null }) ??
    { kind: "refused", code: "bad_jwt" };
}

export function needsSecondFactor({ hasVerifiedFactor, aal }: Identity): boolean {
  return hasVerifiedFactor && aal === "aal1";
}

/**
 * Answers null if Supabase Auth would no longer say so: the user was banned or deleted meanwhile, or
 * its session ended, as a new password ends it.
 */
export async function startSession(
  dependencies: SessionDependencies,
  start: LoginOrigin & {
    readonly identity: Identity;
    readonly loginCharge: LoginCharge | null;
  },
): Promise<Extract<LoginResult, { kind: "signed_in" | "refused" }> | null> {
  const { store, keys, randomBytes, newSessionId } = dependencies;
  const { identity, context } = start;
  const sessionId = newSessionId();
  const proof = await start.readProof();
  const keyThumbprint = proof.kind === "proven" ? proof.proof.thumbprint : null;
  const lineage = randomBytes(LINEAGE_BYTES) as Lineage;
  const secret = randomBytes(REFRESH_SECRET_BYTES);
  const token = firstRefreshToken({ sessionId, key: keyThumbprint, lineage, secret }, keys.signing);
  const answer = await store.createSession({
    sessionId,
    userId: identity.userId,
    refreshTokenHash: token.hash,
    lineage,
    keyThumbprint,
    deviceName: start.deviceName,
    aal: identity.aal,
    amr: identity.amr,
    presented: start.presented,
    identitySessionId: identity.identitySessionId,
    loginCharge: start.loginCharge,
  }, context);

  // Only now: had the database not answered, the same token could still be exchanged again.
  const isRefusedExchange = answer.outcome !== "created" && start.loginCharge === null;
  const [grant] = await Promise.all([
    answer.outcome === "created"
      ? grantTokens(dependencies, { ...answer, refreshToken: token.raw })
      : null,
    // The session of a token that is refused is not ours to end: it may be another application's.
    isRefusedExchange ? undefined : dropIdentitySession(dependencies, identity, context),
  ]);
  if (grant !== null) return { kind: "signed_in", grant };
  return refuseSession(dependencies, answer, context);
}

function refuseSession(
  { log }: Pick<SessionDependencies, "log">,
  answer: CreateSessionAnswer,
  context: RequestContext,
): Extract<LoginResult, { kind: "refused" }> | null {
  switch (answer.outcome) {
    case "hook_refused":
      logHookRefusal(log, answer, context);
      return { kind: "refused", code: "access_denied" };
    case "role_not_allowed":
      return { kind: "refused", code: answer.outcome };
    default:
      return null;
  }
}

/** A session that could not be dropped is the provider's to expire: no reason to refuse a login. */
export async function dropIdentitySession(
  { identityProvider, log }: Pick<SessionDependencies, "identityProvider" | "log">,
  identity: Identity,
  context: RequestContext,
): Promise<void> {
  const cause = await tryToDrop(identityProvider, identity);
  if (cause === null) return;
  log.warn("identity provider's own session was not dropped", {
    request_id: context.requestId,
    user_id: identity.userId,
    identity_session_id: identity.identitySessionId,
    cause,
  });
}

/** Answers why the session stays, or null. */
async function tryToDrop(
  identityProvider: SessionDependencies["identityProvider"],
  { token }: Identity,
): Promise<string | null> {
  try {
    const result = await identityProvider.dropSession(token);
    return result.kind === "dropped" ? null : result.reason;
  } catch (error: unknown) {
    if (!(error instanceof ServiceUnavailableError)) throw error;
    return error.code;
  }
}
