/**
 * Sends codes and links: to sign in, to recover a password, to confirm an address. Known and unknown
 * addresses are answered alike, at one pace; each message is counted before it is requested.
 *
 * @module
 */

import type { ErrorCode } from "../errors.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import type { RequestContext } from "../store/session_store.ts";
import type { LoginOrigin } from "../sessions/login.ts";
import { advance, type SignInRefusal, type SignInResult, type SignInThrottled } from "./advance.ts";
import { attemptBuckets } from "./attempt_limits.ts";
import type { SignInDependencies } from "./dependencies.ts";
import type { Address, ProviderAnswer, ProviderSession } from "../identity/sign_in_provider.ts";
import { addressRefusalCode, passwordRefusalCode } from "./refusal_codes.ts";

/** A message was sent, or would have been had the address been known. */
export interface Sent {
  readonly kind: "sent";
  /** Supabase Auth's code where it sent none. For the log. */
  readonly detail: string | null;
}

export type SendResult = Sent | SignInRefusal | SignInThrottled;

interface Message {
  readonly captchaToken: string | null;
  readonly context: RequestContext;
}

/** Refusals that say nothing of the address: it has not been looked up when they are answered. */
const SAYS_NOTHING: ReadonlySet<string> = new Set([
  "captcha_failed",
  "email_provider_disabled",
  "phone_provider_disabled",
  "validation_failed",
]);

const SAYS_NOTHING_AT_SIGN_UP: ReadonlySet<string> = new Set([
  ...SAYS_NOTHING,
  "signup_disabled",
  "weak_password",
]);

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function sendOtp(
  dependencies: SignInDependencies,
  { address, createUser, captchaToken, context }: Message & {
    readonly address: Address;
    readonly createUser: boolean;
  },
): Promise<SendResult> {
  const subject = "email" in address ? address.email : address.phone;
  return withoutSession(
    await send(dependencies, {
      subject,
      context,
      passedOn: SAYS_NOTHING,
      codeOf: addressRefusalCode,
      request: () =>
        dependencies.signInProvider.sendOtp({ address, createUser, captchaToken }, context),
    }),
  );
}

/** @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached */
export async function sendRecovery(
  dependencies: SignInDependencies,
  { email, captchaToken, context }: Message & { readonly email: string },
): Promise<SendResult> {
  return withoutSession(
    await send(dependencies, {
      subject: email,
      context,
      passedOn: SAYS_NOTHING,
      codeOf: addressRefusalCode,
      request: () => dependencies.signInProvider.sendRecovery({ email, captchaToken }, context),
    }),
  );
}

/**
 * A session at once where the project confirms addresses automatically.
 *
 * @throws {ServiceUnavailableError} If Supabase Auth or the database was not reached
 */
export async function signUp(
  dependencies: SignInDependencies,
  { email, password, captchaToken, origin }: {
    readonly email: string;
    readonly password: string;
    readonly captchaToken: string | null;
    readonly origin: LoginOrigin;
  },
): Promise<SignInResult | Sent> {
  const { context } = origin;
  const result = await send(dependencies, {
    subject: email,
    context,
    passedOn: SAYS_NOTHING_AT_SIGN_UP,
    codeOf: passwordRefusalCode,
    request: () => dependencies.signInProvider.signUp({ email, password, captchaToken }, context),
  });
  if (result.kind !== "session") return result;
  return await advance(dependencies, {
    session: result.session,
    intent: "sign_in",
    openedBy: null,
    needsConsent: false,
    origin,
  });
}

type Outcome = SendResult | { readonly kind: "session"; readonly session: ProviderSession };

async function send(
  { store, keys, messagePace }: SignInDependencies,
  { subject, context, passedOn, codeOf, request }: {
    readonly subject: string;
    readonly context: RequestContext;
    readonly passedOn: ReadonlySet<string>;
    readonly codeOf: (code: string) => ErrorCode;
    readonly request: () => Promise<ProviderAnswer<ProviderSession | null>>;
  },
): Promise<Outcome> {
  const admission = await store.admitLogin(
    attemptBuckets(keys, { kind: "message", subject, ip: context.ip }),
  );
  if (admission.kind === "delayed") {
    return { kind: "throttled", retryAfterSeconds: admission.retryAfterSeconds };
  }
  const check = messagePace.startCheck();
  let answer: ProviderAnswer<ProviderSession | null>;
  try {
    answer = await request();
    check.decided();
  } catch (error: unknown) {
    // Its mail server failed, which it finds out for a known address alone.
    const isMailServer = error instanceof ServiceUnavailableError &&
      error.code === "unexpected_failure";
    if (!isMailServer) {
      check.failed();
      throw error;
    }
    check.decided();
    answer = { kind: "refused", code: error.code };
  }
  await check.waitForStep();
  switch (answer.kind) {
    case "ok":
      return answer.value === null
        ? { kind: "sent", detail: null }
        : { kind: "session", session: answer.value };
    case "refused":
      return passedOn.has(answer.code)
        ? { kind: "refused", code: codeOf(answer.code) }
        : { kind: "sent", detail: answer.code };
    case "rate_limited":
      return { kind: "throttled", retryAfterSeconds: answer.retryAfterSeconds };
    default:
      return answer satisfies never;
  }
}

/** Only a sign-up is ever answered a session. */
function withoutSession(outcome: Outcome): SendResult {
  return outcome.kind === "session" ? { kind: "sent", detail: null } : outcome;
}
