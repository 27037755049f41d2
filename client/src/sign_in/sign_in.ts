/**
 * The ways to sign in, and the changes to an account that need a recent sign-in, as an app calls them.
 * Only their shape is here; `create_sign_in.ts` makes them.
 *
 * @module
 */

import type { Busy, Refused, SessionUser, Unavailable } from "../transport/outcome.ts";
import type { UnifiedAuthUser } from "../transport/views.ts";
import type {
  AccountOutcome,
  ChallengeOutcome,
  EnrolledFactor,
  FactorOutcome,
  ListedFactors,
  MessageOutcome,
  OAuthOutcome,
  PasskeyOutcome,
  ReturnOutcome,
  SignInOutcome,
  SignUpOutcome,
  VerifyOutcome,
} from "./outcomes.ts";

/**
 * A password and whose it is.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * await auth.signIn.withPassword({ email: "ada@example.com", password: "…", deviceName: "Desk" });
 * ```
 */
export interface PasswordCredentials {
  /** The person's e-mail address. */
  readonly email: string;
  /** The person's password. */
  readonly password: string;
  /** The answer to a captcha, where the project asks for one. */
  readonly captchaToken?: string | undefined;
  /** The name of this device in the list of devices. */
  readonly deviceName?: string | undefined;
}

/**
 * Whom a message with a code or a link goes to.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * await auth.signIn.withOtp({ phone: "+4930123456", createUser: true });
 * ```
 */
export type OtpRequest =
  & ({ readonly email: string } | { readonly phone: string })
  & MessageOptions
  & { readonly createUser?: boolean | undefined };

/**
 * Options of everything that sends a message.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * await auth.signIn.resetPassword({ email: "ada@example.com", returnTo: "/account" });
 * ```
 */
export interface MessageOptions {
  /** The answer to a captcha, where the project asks for one. */
  readonly captchaToken?: string | undefined;
  /**
   * Where the message's link leads in the end: a path, or a URL of an allowed origin, of at most 2,000
   * characters. @default {the very page}
   */
  readonly returnTo?: string | undefined;
}

/**
 * A code, or the hash that a link carries.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { searchParams } = new URL("https://app.example.com/confirm?token_hash=…");
 * const tokenHash = searchParams.get("token_hash") ?? "";
 * await auth.signIn.verifyOtp({ tokenHash, type: "email" });
 * ```
 */
export type OtpVerification =
  & (
    | { readonly email: string; readonly token: string; readonly type?: MailType | undefined }
    | { readonly phone: string; readonly token: string }
    | { readonly tokenHash: string; readonly type: MailType }
  )
  & { readonly deviceName?: string | undefined };

/**
 * The purpose of a mail.
 *
 * @example
 * ```ts
 * import type { MailType } from "@unified-auth/client";
 *
 * const type: MailType = "recovery";
 * console.log(type);
 * ```
 */
export type MailType = "email" | "magiclink" | "recovery" | "signup" | "invite";

/**
 * A provider, and how to sign in there.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * await auth.signIn.withOAuth({ provider: "google", returnTo: "/welcome" });
 * ```
 */
export interface OAuthRequest {
  /** As in the project's settings, such as `google`. */
  readonly provider: string;
  /**
   * Where to come back to: a path, or a URL of an allowed origin, of at most 2,000 characters.
   * @default {the very page}
   */
  readonly returnTo?: string | undefined;
  /** Scopes of the provider, separated by commas. */
  readonly scopes?: string | undefined;
  /** The account that the provider should offer. */
  readonly loginHint?: string | undefined;
  /**
   * Whether the provider opens in a popup, so that this page and its waiting calls stay. Must come from a
   * click; where the browser blocks it, the page is left instead. @default {false}
   */
  readonly popup?: boolean | undefined;
}

/**
 * Second factors: to finish a sign-in, and to list, enroll and remove them.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.mfa.enroll({ type: "totp", friendlyName: "Phone app" });
 * if (outcome.kind === "enrolled") {
 *   await auth.signIn.mfa.verify({ factorId: outcome.factor.id, code: "123456" });
 * }
 * ```
 */
export interface Mfa<U extends SessionUser = UnifiedAuthUser> {
  /** Sends a text message to a `phone` factor. Without a factor, lists those of the half-done sign-in. */
  challenge(request?: { readonly factorId?: string | undefined }): Promise<ChallengeOutcome>;
  /** Takes a factor's code. */
  verify(request: {
    readonly factorId: string;
    readonly code: string;
    readonly deviceName?: string | undefined;
  }): Promise<FactorOutcome<U>>;
  /** All factors of the person who is signed in. */
  list(): Promise<AccountOutcome<ListedFactors>>;
  /**
   * Begins a new factor, behind a recent sign-in or the password; `verify` takes its first code. One of the
   * same name that was never verified is replaced, so a call whose answer was lost can be repeated.
   */
  enroll(request: {
    readonly type: "totp" | "phone";
    readonly friendlyName: string;
    readonly phone?: string | undefined;
    readonly currentPassword?: string | undefined;
  }): Promise<AccountOutcome<EnrolledFactor>>;
  /** Removes a factor, behind a recent sign-in or the password. */
  remove(request: {
    readonly factorId: string;
    readonly currentPassword?: string | undefined;
  }): Promise<AccountOutcome<{ readonly kind: "removed" }>>;
}

/**
 * The ways to sign in. None of them rejects for anything that a person, a server or a network does. A
 * `returnTo` that is no address is a `TypeError`, and one that is too long a `RangeError`.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { kind } = await auth.signIn.withPassword({ email: "ada@example.com", password: "…" });
 * console.log(kind);
 * ```
 */
export interface SignIn<U extends SessionUser = UnifiedAuthUser> {
  /** Signs in with e-mail and password. */
  withPassword(credentials: PasswordCredentials): Promise<SignInOutcome<U>>;
  /**
   * Signs in at a provider. The page comes back signed in, or unfinished: `returnOutcome`.
   *
   * @throws {TypeError} If there is no page and no `returnTo`.
   */
  withOAuth(request: OAuthRequest): Promise<OAuthOutcome<U>>;
  /**
   * How an unfinished sign-in came back to this page, from a provider or a mail's link; null if none did.
   * Takes it out of the page's address. Call it wherever a sign-in may come back.
   */
  returnOutcome(): Promise<ReturnOutcome | null>;
  /** Sends a magic link and a code by mail, or a code by text message. */
  withOtp(request: OtpRequest): Promise<MessageOutcome>;
  /** Takes a code, or the hash of a link. */
  verifyOtp(verification: OtpVerification): Promise<VerifyOutcome<U>>;
  /** After `consent-required`: the person says that this is their account. */
  acceptAccount(): Promise<VerifyOutcome<U>>;
  /** Ends at once what waits for a consent, a factor or a password: the person gave up. */
  cancel(): Promise<{ readonly kind: "cancelled" } | Refused | Busy | Unavailable>;
  /** Signs up with e-mail and password. */
  signUp(credentials: PasswordCredentials & MessageOptions): Promise<SignUpOutcome<U>>;
  /** Sends a mail with which a new password may be chosen. */
  resetPassword(request: MessageOptions & { readonly email: string }): Promise<MessageOutcome>;
  /** After `password-required`: chooses the password. Refused as weak or the same: try another. */
  setPassword(
    request: { readonly password: string; readonly deviceName?: string | undefined },
  ): Promise<FactorOutcome<U>>;
  /**
   * Changes the password of the person who is signed in, here and on no other device: the others are
   * signed out. Without the present password, a sign-in of the last ten minutes is needed.
   */
  changePassword(
    request: { readonly password: string; readonly currentPassword?: string | undefined },
  ): Promise<AccountOutcome<{ readonly kind: "changed" }>>;
  /** Second factors. */
  readonly mfa: Mfa<U>;
  /** Signs in by passkey. */
  withPasskey(options?: { readonly deviceName?: string | undefined }): Promise<PasskeyOutcome<U>>;
  /**
   * Registers a passkey for the person who is signed in. After `unavailable` call it again: the passkey whose
   * answer was lost is sent again, and no second one is made. `already-registered`: this authenticator has one
   * of the account, also where the page that registered it never had the answer.
   */
  registerPasskey(
    options?: { readonly currentPassword?: string | undefined },
  ): Promise<
    | AccountOutcome<{ readonly kind: "registered"; readonly id: string }>
    | { readonly kind: "already-registered" }
    | { readonly kind: "cancelled" }
    | { readonly kind: "unsupported" }
  >;
  /** Makes a session of somebody who signed in with Supabase Auth itself. */
  withSupabaseToken(
    accessToken: string,
    options?: { readonly deviceName?: string | undefined },
  ): Promise<SignInOutcome<U>>;
}
