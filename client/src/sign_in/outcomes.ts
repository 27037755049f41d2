/**
 * The outcomes of the ways to sign in. Everything that a person, a server or a network does is a value.
 *
 * @module
 */

import type { Busy, Refused, Rejected, SessionUser, Unavailable } from "../transport/outcome.ts";
import type { Factor, MfaRequired, OwnFactor } from "../transport/second_factor.ts";
import type { UnifiedAuthUser } from "../transport/views.ts";

/**
 * The account that a step belongs to, so that a page can name it.
 *
 * @example
 * ```ts
 * import type { AccountName } from "@unified-auth/client";
 *
 * const nameOf = ({ email, phone }: AccountName) => email ?? phone;
 * console.log(nameOf({ email: "ada@example.com", phone: null }));
 * ```
 */
export interface AccountName {
  /** Null where the user has none. */
  readonly email: string | null;
  /** Null where the user has none. */
  readonly phone: string | null;
}

/**
 * The person is signed in, here and in every other tab.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.withPassword({ email: "ada@example.com", password: "…" });
 * if (outcome.kind === "signed-in") console.log(outcome.user.email);
 * ```
 */
export interface SignedIn<U extends SessionUser = UnifiedAuthUser> {
  /** Tells the outcomes apart. */
  readonly kind: "signed-in";
  /** The person. */
  readonly user: U;
}

/**
 * A sign-in and what became of it: a wrong password is `refused`.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.withPassword({ email: "ada@example.com", password: "…" });
 * switch (outcome.kind) {
 *   case "signed-in":
 *     console.log(outcome.user.email);
 *     break;
 *   case "mfa-required":
 *     console.log("a code, please");
 *     break;
 *   case "refused":
 *     console.log(outcome.message);
 *     break;
 *   case "busy":
 *   case "unavailable":
 *     console.log("try again");
 * }
 * ```
 */
export type SignInOutcome<U extends SessionUser = UnifiedAuthUser> =
  | SignedIn<U>
  | MfaRequired
  | Refused
  | Busy
  | Unavailable;

/**
 * A message was sent, if the address can be used.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.withOtp({ email: "ada@example.com" });
 * if (outcome.kind === "message-sent" && outcome.returnTo !== location.href) {
 *   console.log("the link leads to", outcome.returnTo);
 * }
 * ```
 */
export interface MessageSent {
  /** Tells the outcomes apart. */
  readonly kind: "message-sent";
  /**
   * Where the message's link leads in the end: `returnTo`, or the page. A page's address of more than 2,000
   * characters loses its fragment, then its query, then its path. Undefined: the functions choose.
   */
  readonly returnTo: string | undefined;
}

/**
 * A message and what became of it: the answer does not say whether the address is known.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { kind } = await auth.signIn.withOtp({ email: "ada@example.com" });
 * if (kind === "message-sent") console.log("look into your mail");
 * ```
 */
export type MessageOutcome = MessageSent | Refused | Busy | Unavailable;

/**
 * A sign-up: signed in at once, or after a mail was confirmed.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { kind } = await auth.signIn.signUp({ email: "ada@example.com", password: "…" });
 * console.log(kind === "message-sent" ? "confirm your address" : kind);
 * ```
 */
export type SignUpOutcome<U extends SessionUser = UnifiedAuthUser> =
  | SignInOutcome<U>
  | MessageSent;

/**
 * A code or a link's hash: a session, or one step more. `consent-required`: another browser asked for
 * the message, so name the account and call `acceptAccount` if the person agrees. `password-required`:
 * call `setPassword`.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.verifyOtp({ email: "ada@example.com", token: "123456" });
 * if (outcome.kind === "consent-required") console.log("Sign in as", outcome.account.email);
 * ```
 */
export type VerifyOutcome<U extends SessionUser = UnifiedAuthUser> =
  | SignInOutcome<U>
  | { readonly kind: "consent-required"; readonly account: AccountName }
  | { readonly kind: "password-required"; readonly account: AccountName };

/**
 * A code of a second factor: a session, or the next step of what the factor was asked for.
 * `reauthenticated`: make the call again that answered `mfa-required`.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { kind } = await auth.signIn.mfa.verify({ factorId: "…", code: "123456" });
 * console.log(kind);
 * ```
 */
export type FactorOutcome<U extends SessionUser = UnifiedAuthUser> =
  | SignInOutcome<U>
  | { readonly kind: "password-required"; readonly account: AccountName }
  | { readonly kind: "reauthenticated"; readonly account: AccountName };

/**
 * A change to the account of the person who is signed in. `rejected`: nobody is.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.changePassword({ currentPassword: "…", password: "…" });
 * if (outcome.kind === "refused") console.log(outcome.message);
 * ```
 */
export type AccountOutcome<Done extends { readonly kind: string }> =
  | Done
  | MfaRequired
  | Refused
  | Rejected
  | Busy
  | Unavailable;

/**
 * A factor that was enrolled, and is verified with its first code by `mfa.verify`.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.mfa.enroll({ type: "totp", friendlyName: "Phone app" });
 * if (outcome.kind === "enrolled") console.log(outcome.totp?.secret);
 * ```
 */
export interface EnrolledFactor {
  /** Tells the outcomes apart. */
  readonly kind: "enrolled";
  /** The new factor. */
  readonly factor: Factor;
  /** Of a `totp` factor: for the person's app. Show it once. */
  readonly totp: {
    /** An SVG image. */
    readonly qrCode: string;
    /** The same to type. */
    readonly secret: string;
    /** The same as an `otpauth:` address. */
    readonly uri: string;
  } | null;
}

/**
 * The second factors of the person who is signed in.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.mfa.list();
 * if (outcome.kind === "listed") console.log(outcome.factors.length);
 * ```
 */
export interface ListedFactors {
  /** Tells the outcomes apart. */
  readonly kind: "listed";
  /** Also those that were never verified. */
  readonly factors: readonly OwnFactor[];
}

/**
 * A challenge of a second factor: which factors there are, and whether a message was sent.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.mfa.challenge();
 * if (outcome.kind === "challenged") console.log(outcome.factors.length);
 * ```
 */
export type ChallengeOutcome =
  | {
    readonly kind: "challenged";
    readonly factors: readonly Factor[];
    /** Whether a text message is on its way. */
    readonly sent: boolean;
  }
  | Refused
  | Busy
  | Unavailable;

/**
 * A sign-in that came back to a page unfinished, from a provider or a mail's link. `refused`: why nobody
 * is signed in, such as `access_denied`. `password-required`: call `setPassword`.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.signIn.returnOutcome();
 * if (outcome?.kind === "password-required") await auth.signIn.setPassword({ password: "…" });
 * ```
 */
export type ReturnOutcome =
  /** An address names no account. */
  | { readonly kind: "password-required"; readonly account: null }
  | MfaRequired
  | { readonly kind: "refused"; readonly code: string }
  | Busy
  | Unavailable;

/**
 * A sign-in at a provider. `redirecting`: this page is about to be left, and comes back to `returnTo`, which
 * is shorter than the page's own address where that has more than 2,000 characters. `cancelled`: the
 * person closed the popup.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { kind } = await auth.signIn.withOAuth({ provider: "github", popup: true });
 * if (kind === "cancelled") console.log("not signed in");
 * ```
 */
export type OAuthOutcome<U extends SessionUser = UnifiedAuthUser> =
  | { readonly kind: "redirecting"; readonly returnTo: string }
  | { readonly kind: "cancelled" }
  | SignedIn<U>
  | ReturnOutcome;

/**
 * A sign-in by passkey. `cancelled`: the person or the browser gave up; `unsupported`: this browser has
 * no passkeys.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const { kind } = await auth.signIn.withPasskey();
 * console.log(kind);
 * ```
 */
export type PasskeyOutcome<U extends SessionUser = UnifiedAuthUser> =
  | SignInOutcome<U>
  | { readonly kind: "cancelled" }
  | { readonly kind: "unsupported" };
