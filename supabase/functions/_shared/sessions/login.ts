/**
 * Signing in: by password, or by exchange of an access token of Supabase Auth. Supabase Auth judges
 * who somebody is; what comes of it, a session of ours, is made here, and Supabase Auth's own session
 * is dropped again, so that no second refresh token of the user lies about.
 *
 * @module
 */

import type { ErrorCode } from "../errors.ts";
import type {
  Identity,
  IdentityToken,
  PasswordCredentials,
  PasswordVerdict,
} from "../identity_provider.ts";
import {
  firstRefreshToken,
  type GenuineRefreshToken,
  REFRESH_SECRET_BYTES,
} from "../refresh_token.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import type { LoginCharge, RequestContext } from "../session_store.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { grantTokens, type SessionGrant } from "./grant.ts";
import { loginBuckets } from "./login_throttle.ts";

/**
 * A refused password is answered at a multiple of this. Supabase Auth answers an unknown or banned
 * user at once and a wrong password after a bcrypt check of some 60 ms: the difference names accounts.
 */
const REFUSAL_STEP_MS = 500;

export type LoginResult =
  | { readonly kind: "signed_in"; readonly grant: SessionGrant }
  | { readonly kind: "refused"; readonly code: ErrorCode }
  | { readonly kind: "throttled"; readonly retryAfterSeconds: number };

export interface LoginOrigin {
  readonly deviceName: string | null;
  /** The genuine refresh token that the browser still held: it keeps its one place. */
  readonly presented: GenuineRefreshToken | null;
  readonly context: RequestContext;
}

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function logInByPassword(
  dependencies: SessionDependencies,
  { credentials, ...origin }: LoginOrigin & { readonly credentials: PasswordCredentials },
): Promise<LoginResult> {
  const { store, keys, nowMs } = dependencies;
  const { context } = origin;
  const startedAtMs = nowMs();
  const admission = await store.admitLogin(
    loginBuckets(keys, { email: credentials.email, ip: context.ip }),
  );
  if (admission.kind === "delayed") {
    return { kind: "throttled", retryAfterSeconds: admission.retryAfterSeconds };
  }
  const { charge } = admission;

  const verdict = await checkPassword(dependencies, { credentials, charge, context });
  if (verdict.kind === "refused") {
    const isWrong = verdict.reason === "invalid_credentials";
    const failure = { charge, refunded: !isWrong, reason: verdict.detail };
    await store.recordLoginFailure(failure, context);
    if (isWrong) return await refuseInSteps(dependencies, startedAtMs);
    return { kind: "refused", code: verdict.reason };
  }

  const { identity } = verdict;
  if (needsSecondFactor(identity)) {
    await Promise.all([
      store.recordLoginFailure({ charge, refunded: true, reason: null }, context),
      dropIdentitySession(dependencies, identity, context),
    ]);
    return { kind: "refused", code: "mfa_required" };
  }
  const result = await startCharged(dependencies, { ...origin, identity, charge });
  return result ?? await refuseInSteps(dependencies, startedAtMs);
}

async function checkPassword(
  { store, identityProvider }: Pick<SessionDependencies, "store" | "identityProvider">,
  { credentials, charge, context }: {
    readonly credentials: PasswordCredentials;
    readonly charge: LoginCharge;
    readonly context: RequestContext;
  },
): Promise<PasswordVerdict> {
  try {
    return await identityProvider.verifyPassword(credentials, context.ip);
  } catch (outage: unknown) {
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

/** An outage is nobody's failure: it gives the charge back, unless the database is away as well. */
async function refundOutage(
  store: SessionDependencies["store"],
  { charge, context }: { readonly charge: LoginCharge; readonly context: RequestContext },
): Promise<void> {
  try {
    await store.recordLoginFailure({ charge, refunded: true, reason: null }, context);
  } catch (error: unknown) {
    if (!(error instanceof ServiceUnavailableError)) throw error;
  }
}

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function logInByExchange(
  dependencies: SessionDependencies,
  { token, ...origin }: LoginOrigin & { readonly token: IdentityToken },
): Promise<LoginResult> {
  const verdict = await dependencies.identityProvider.verifyToken(token);
  if (verdict.kind === "refused") return { kind: "refused", code: "bad_jwt" };
  // Its session stays: it is the one in which the user can still finish MFA.
  if (needsSecondFactor(verdict.identity)) return { kind: "refused", code: "mfa_required" };
  const result = await startSession(dependencies, {
    ...origin,
    identity: verdict.identity,
    loginCharge: null,
  });
  return result ?? { kind: "refused", code: "bad_jwt" };
}

function needsSecondFactor({ hasVerifiedFactor, aal }: Identity): boolean {
  return hasVerifiedFactor && aal === "aal1";
}

/**
 * Answers null if Supabase Auth would no longer say so: the user was banned or deleted meanwhile, or
 * its session ended, as a new password ends it.
 */
async function startSession(
  dependencies: SessionDependencies,
  start: LoginOrigin & {
    readonly identity: Identity;
    readonly loginCharge: LoginCharge | null;
  },
): Promise<LoginResult | null> {
  const { store, keys, randomBytes, newSessionId } = dependencies;
  const { identity, context } = start;
  const sessionId = newSessionId();
  const token = firstRefreshToken(
    { sessionId, secret: randomBytes(REFRESH_SECRET_BYTES) },
    keys.signing,
  );
  const answer = await store.createSession({
    sessionId,
    userId: identity.userId,
    refreshTokenHash: token.hash,
    deviceName: start.deviceName,
    aal: identity.aal,
    amr: identity.amr,
    presented: start.presented,
    identitySessionId: identity.identitySessionId,
    loginCharge: start.loginCharge,
  }, context);

  // Only now: had the database not answered, the same token could still be exchanged again.
  const [grant] = await Promise.all([
    answer.outcome === "created"
      ? grantTokens(dependencies, { ...answer, refreshToken: token.raw })
      : null,
    dropIdentitySession(dependencies, identity, context),
  ]);
  return grant && { kind: "signed_in", grant };
}

/** A session that could not be dropped is the provider's to expire: no reason to refuse a login. */
async function dropIdentitySession(
  { identityProvider, log }: Pick<SessionDependencies, "identityProvider" | "log">,
  identity: Identity,
  context: RequestContext,
): Promise<void> {
  try {
    await identityProvider.dropSession(identity.token);
  } catch (error: unknown) {
    if (!(error instanceof ServiceUnavailableError)) throw error;
    log.warn("identity provider's own session was not dropped", {
      request_id: context.requestId,
      user_id: identity.userId,
      cause: error.code,
    });
  }
}

async function refuseInSteps(
  { nowMs, delay }: Pick<SessionDependencies, "nowMs" | "delay">,
  startedAtMs: number,
): Promise<LoginResult> {
  const elapsedMs = nowMs() - startedAtMs;
  await delay(Math.ceil(elapsedMs / REFUSAL_STEP_MS) * REFUSAL_STEP_MS - elapsedMs);
  return { kind: "refused", code: "invalid_credentials" };
}
