/**
 * The calls that the sign-in flows make to Supabase Auth, and its answers. A refusal is a value with Supabase
 * Auth's own code; an outage is a `ServiceUnavailableError`. Knows neither HTTP nor cookies.
 *
 * @module
 */

import type { UserId } from "../brands.ts";
import type { Identity, IdentityToken } from "./identity_provider.ts";
import type { RequestContext } from "../store/session_store.ts";

export type FactorType = "totp" | "phone" | "webauthn";

/** A verified second factor of a user. */
export interface Factor {
  readonly id: string;
  readonly type: FactorType;
  readonly friendlyName: string | null;
}

/** Any factor of a user, also one whose enrollment was never finished. */
export interface OwnFactor extends Factor {
  readonly isVerified: boolean;
  readonly createdAt: string;
}

/** A session of Supabase Auth itself: the half-done sign-in that one of ours is made of. */
export interface ProviderSession {
  readonly identity: Identity;
  readonly email: string | null;
  readonly phone: string | null;
  /** Verified ones. */
  readonly factors: readonly Factor[];
  /**
   * When the address was confirmed, if this very sign-in may have done it: until then its password may be
   * somebody else's.
   */
  readonly justConfirmedAt: string | null;
}

export type ProviderAnswer<Value> =
  | { readonly kind: "ok"; readonly value: Value }
  /** Supabase Auth's code. */
  | { readonly kind: "refused"; readonly code: string }
  | { readonly kind: "rate_limited"; readonly retryAfterSeconds: number };

/** An address that codes are sent to. */
export type Address = { readonly email: string } | { readonly phone: string };

export type VerificationType = "email" | "magiclink" | "recovery" | "signup" | "invite" | "sms";

export type Verification =
  | (Address & { readonly token: string; readonly type: VerificationType })
  | { readonly tokenHash: string; readonly type: VerificationType };

export interface AuthorizeRequest {
  readonly provider: string;
  readonly codeChallenge: string;
  readonly scopes: string | null;
  readonly loginHint: string | null;
}

export interface MailRequest {
  readonly captchaToken: string | null;
}

export interface EnrolledFactor {
  readonly id: string;
  readonly type: "totp" | "phone";
  readonly friendlyName: string | null;
  readonly totp: { readonly qrCode: string; readonly secret: string; readonly uri: string } | null;
}

export interface PasskeyOptions {
  readonly challengeId: string;
  /** For `navigator.credentials`, as JSON. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Passkey {
  readonly id: string;
  readonly friendlyName: string | null;
  readonly createdAt: string;
}

/** Every method rejects with `ServiceUnavailableError` alone. */
export interface SignInProvider {
  /** Where the browser goes next: the OAuth provider's page. */
  authorize(
    request: AuthorizeRequest,
    context: RequestContext,
  ): Promise<ProviderAnswer<string>>;
  exchangeCode(
    request: { readonly code: string; readonly verifier: string },
    context: RequestContext,
  ): Promise<ProviderAnswer<ProviderSession>>;

  sendOtp(
    request: MailRequest & { readonly address: Address; readonly createUser: boolean },
    context: RequestContext,
  ): Promise<ProviderAnswer<null>>;
  sendRecovery(
    request: MailRequest & { readonly email: string },
    context: RequestContext,
  ): Promise<ProviderAnswer<null>>;
  /** A session where the project confirms addresses automatically, else null. */
  signUp(
    request: MailRequest & { readonly email: string; readonly password: string },
    context: RequestContext,
  ): Promise<ProviderAnswer<ProviderSession | null>>;
  verify(
    request: Verification,
    context: RequestContext,
  ): Promise<ProviderAnswer<ProviderSession>>;

  /** A session of a user whom we know to be signed in, without a mail: for changes to their account. */
  openSessionOf(
    user: { readonly userId: UserId; readonly email: string },
    context: RequestContext,
  ): Promise<ProviderAnswer<ProviderSession>>;
  changePassword(
    token: IdentityToken,
    change: { readonly password: string; readonly currentPassword: string | null },
    context: RequestContext,
  ): Promise<ProviderAnswer<null>>;
  /** The factors of the token's user, and whether they are still who they were. */
  readSession(
    token: IdentityToken,
    context: RequestContext,
  ): Promise<ProviderAnswer<ProviderSession>>;

  /** All factors of a user whom we know to be signed in. */
  listFactors(
    userId: UserId,
    context: RequestContext,
  ): Promise<ProviderAnswer<readonly OwnFactor[]>>;
  /** Answers the challenge's id. To a phone it sends a code. */
  challengeFactor(
    token: IdentityToken,
    factor: Pick<Factor, "id" | "type">,
    context: RequestContext,
  ): Promise<ProviderAnswer<string>>;
  verifyFactor(
    token: IdentityToken,
    answer: { readonly factorId: string; readonly challengeId: string; readonly code: string },
    context: RequestContext,
  ): Promise<ProviderAnswer<ProviderSession>>;
  enrollFactor(
    token: IdentityToken,
    factor: {
      readonly type: "totp" | "phone";
      readonly friendlyName: string;
      readonly phone: string | null;
    },
    context: RequestContext,
  ): Promise<ProviderAnswer<EnrolledFactor>>;
  removeFactor(
    token: IdentityToken,
    factorId: string,
    context: RequestContext,
  ): Promise<ProviderAnswer<null>>;

  passkeyOptions(context: RequestContext): Promise<ProviderAnswer<PasskeyOptions>>;
  verifyPasskey(
    answer: { readonly challengeId: string; readonly credential: unknown },
    context: RequestContext,
  ): Promise<ProviderAnswer<ProviderSession>>;
  passkeyRegistrationOptions(
    token: IdentityToken,
    context: RequestContext,
  ): Promise<ProviderAnswer<PasskeyOptions>>;
  registerPasskey(
    token: IdentityToken,
    answer: { readonly challengeId: string; readonly credential: unknown },
    context: RequestContext,
  ): Promise<ProviderAnswer<Passkey>>;
}
