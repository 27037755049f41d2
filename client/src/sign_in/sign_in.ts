/**
 * The ways to sign in, and the changes to an account that need a recent sign-in. No token of Supabase
 * Auth comes near the page: the functions keep a half-done sign-in in sealed httpOnly cookies.
 *
 * @module
 */

import type { SessionEnvironment } from "../session/environment.ts";
import type { Session } from "../session/session.ts";
import type { Answer, ExchangeRequest, Json } from "../transport/http_exchange.ts";
import {
  type HttpTransport,
  refusedIn,
  rejectedTokenIn,
  validIn,
} from "../transport/http_transport.ts";
import type { Call, LoginOutcome, SessionUser, Valid } from "../transport/outcome.ts";
import { isObject, type UnifiedAuthUser } from "../transport/views.ts";
import { enrolledIn, factorsIn, mfaRequiredIn, sentIn, stepIn } from "./answers.ts";
import { type PageNavigation, readReturnError, returnAddress, waitForReturn } from "./oauth.ts";
import type {
  AccountOutcome,
  ChallengeOutcome,
  EnrolledFactor,
  FactorOutcome,
  MessageOutcome,
  OAuthOutcome,
  PasskeyOutcome,
  SignInOutcome,
  SignUpOutcome,
  VerifyOutcome,
} from "./outcomes.ts";
import type { Passkeys } from "./passkey.ts";

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
  & { readonly createUser?: boolean };

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
  /** Where the message's link leads in the end: a path, or a URL of an allowed origin. @default {the site} */
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
    | { readonly email: string; readonly token: string; readonly type?: MailType }
    | { readonly phone: string; readonly token: string }
    | { readonly tokenHash: string; readonly type: MailType }
  )
  & { readonly deviceName?: string | undefined };

/**
 * What a mail was sent for.
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
  /** Where to come back to: a path, or a URL of an allowed origin. @default {the very page} */
  readonly returnTo?: string | undefined;
  /** Scopes of the provider, separated by commas. */
  readonly scopes?: string | undefined;
  /** The account that the provider should offer. */
  readonly loginHint?: string | undefined;
  /**
   * Whether the provider opens in a popup, so that this page and its waiting calls stay. Must come from a
   * click; where the browser blocks it, the page is left instead. @default {false}
   */
  readonly popup?: boolean;
}

/**
 * Second factors: to finish a sign-in, and to enroll and remove them.
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
  /** Begins a new factor, behind a recent sign-in or the password; `verify` takes its first code. */
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
 * The ways to sign in. None of them rejects for anything that a person, a server or a network does.
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
   * Signs in at a provider. The page comes back signed in, or with an error for `redirectError`.
   *
   * @throws {TypeError} If there is no page and no `returnTo`.
   */
  withOAuth(request: OAuthRequest): Promise<OAuthOutcome<U>>;
  /**
   * The code with which a redirect came back, such as `access_denied`; `mfa_required`: go on with
   * `mfa.challenge`. Null where it did not fail. Takes the code out of the page's address.
   */
  redirectError(): string | null;
  /** Sends a magic link and a code by mail, or a code by text message. */
  withOtp(request: OtpRequest): Promise<MessageOutcome>;
  /** Takes a code, or the hash of a link. */
  verifyOtp(verification: OtpVerification): Promise<VerifyOutcome<U>>;
  /** After `consent-required`: the person says that this is their account. */
  acceptAccount(): Promise<VerifyOutcome<U>>;
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
  /** Registers a passkey for the person who is signed in. */
  registerPasskey(
    options?: { readonly currentPassword?: string | undefined },
  ): Promise<
    | AccountOutcome<{ readonly kind: "registered"; readonly id: string }>
    | { readonly kind: "cancelled" }
    | { readonly kind: "unsupported" }
  >;
  /** Makes a session of somebody who signed in with Supabase Auth itself. */
  withSupabaseToken(
    accessToken: string,
    options?: { readonly deviceName?: string | undefined },
  ): Promise<SignInOutcome<U>>;
}

export interface SignInParts<U extends SessionUser> {
  readonly session: Pick<Session<U>, "signIn" | "request">;
  readonly transport: HttpTransport<U>;
  readonly environment: Pick<SessionEnvironment, "setTimer">;
  readonly navigation: PageNavigation;
  readonly passkeys: () => Passkeys | null;
}

type Method = NonNullable<ExchangeRequest["method"]>;
type Interpret<T> = (answer: Answer) => T | undefined;

export function createSignIn<U extends UnifiedAuthUser>(
  { session, transport, environment, navigation, passkeys }: SignInParts<U>,
): SignIn<U> {
  const { send, url } = transport;

  /** A step that may make a session: nothing else is asked meanwhile, in any tab. */
  async function signInBy<T extends { readonly kind: string }>(
    ask: (call: Call) => Promise<Valid<U> | T>,
  ) {
    const outcome = await session.signIn(ask);
    return outcome.kind === "valid"
      ? { kind: "signed-in", user: (outcome as Valid<U>).user } as const
      : outcome as Exclude<typeof outcome, Valid<U>>;
  }

  const step = <T extends { readonly kind: string }>(
    path: string,
    body: Json,
    interpret: Interpret<T>,
    method: Method = "POST",
  ) =>
    signInBy(({ signal }) =>
      send(
        path,
        { method, body, signal },
        (answer) =>
          validIn<U>(answer) ?? mfaRequiredIn(answer) ?? interpret(answer) ?? refusedIn(answer),
      )
    );

  /** A request that makes no session. */
  const post = <T extends { readonly kind: string }>(
    path: string,
    body: Json,
    interpret: Interpret<T>,
  ) =>
    session.request(
      ({ signal }) =>
        send(path, { body, signal }, (answer) => interpret(answer) ?? refusedIn(answer)),
      { anonymous: true },
    );

  /** A request of the person who is signed in. */
  const change = <T extends { readonly kind: string }>(
    method: Method,
    path: string,
    body: Json,
    interpret: Interpret<T>,
  ) =>
    session.request(({ signal }) =>
      send(
        path,
        { method, body, signal },
        (answer) =>
          interpret(answer) ?? mfaRequiredIn(answer) ?? rejectedTokenIn(answer) ??
            refusedIn(answer),
      )
    );

  const login = (ask: (call: Call) => Promise<LoginOutcome<U> | SignInOutcome<U>>) =>
    signInBy(ask) as Promise<SignInOutcome<U>>;

  async function returnFrom(popupUrl: string, returnTo: URL): Promise<OAuthOutcome<U> | null> {
    const popup = navigation.openPopup(popupUrl);
    if (!popup) return null;
    const address = await waitForReturn(popup, returnTo, environment.setTimer);
    popup.close();
    if (!address) return { kind: "cancelled" };
    const error = readReturnError(address);
    if (error) return { kind: "refused", code: error.code };
    const outcome = await signInBy((call) => transport.validate(call));
    return outcome.kind === "signed-in" ? outcome : { kind: "refused", code: outcome.kind };
  }

  async function offeredOptions(body: Json) {
    const offered = await change("POST", "/passkeys/options", body, ({ body }) => {
      const options = body?.["options"];
      return isObject(options) ? { kind: "options", options } as const : undefined;
    });
    return offered as Extract<typeof offered, { readonly options: Json }> | typeof offered;
  }

  async function ceremony<T>(
    body: Json,
    run: (passkeys: Passkeys, options: Json) => Promise<Json | null>,
    finish: (credential: Json) => Promise<T>,
  ) {
    const available = passkeys();
    if (!available) return { kind: "unsupported" } as const;
    const offered = await offeredOptions(body);
    if (!("options" in offered)) return offered;
    const credential = await run(available, offered.options);
    return credential ? await finish(credential) : { kind: "cancelled" } as const;
  }

  return {
    withPassword: (credentials) => login((call) => transport.login(credentials, call)),
    withSupabaseToken: (supabaseAccessToken, { deviceName = undefined } = {}) =>
      login((call) => transport.login({ supabaseAccessToken, deviceName }, call)),
    async withOAuth({ provider, returnTo, scopes, loginHint, popup = false }) {
      const target = returnAddress(navigation.address(), returnTo);
      const start = new URL(url("/authorize"));
      const query = { provider, return_to: target.href, scopes, login_hint: loginHint };
      for (const [name, value] of Object.entries(query)) {
        if (value !== undefined) start.searchParams.set(name, value);
      }
      const returned = popup ? await returnFrom(start.href, target) : null;
      if (returned) return returned;
      navigation.leaveFor(start.href);
      return { kind: "redirecting" };
    },
    redirectError() {
      const error = readReturnError(navigation.address());
      if (error) navigation.replaceAddress(error.address);
      return error && error.code;
    },
    withOtp: ({ createUser, captchaToken, returnTo, ...address }) =>
      post(
        "/otp",
        { ...address, create_user: createUser, captcha_token: captchaToken, return_to: returnTo },
        sentIn,
      ) as Promise<MessageOutcome>,
    verifyOtp: ({ deviceName, ...verification }) =>
      step(
        "/verify",
        "tokenHash" in verification
          ? { token_hash: verification.tokenHash, type: verification.type, device_name: deviceName }
          : { ...verification, device_name: deviceName },
        (answer) => stepIn(answer, ["consent_required", "password_required"]),
      ) as Promise<VerifyOutcome<U>>,
    acceptAccount: () =>
      step(
        "/verify",
        { consent: true },
        (answer) => stepIn(answer, ["password_required"]),
      ) as Promise<VerifyOutcome<U>>,
    signUp: ({ email, password, captchaToken, deviceName, returnTo }) =>
      step("/signup", {
        email,
        password,
        captcha_token: captchaToken,
        device_name: deviceName,
        return_to: returnTo,
      }, sentIn) as Promise<SignUpOutcome<U>>,
    resetPassword: ({ email, captchaToken, returnTo }) =>
      post(
        "/recover",
        { email, captcha_token: captchaToken, return_to: returnTo },
        sentIn,
      ) as Promise<MessageOutcome>,
    setPassword: ({ password, deviceName }) =>
      step(
        "/password",
        { password, device_name: deviceName },
        (answer) => stepIn(answer, ["password_required", "reauthenticated"]),
        "PUT",
      ) as Promise<FactorOutcome<U>>,
    changePassword: ({ password, currentPassword }) =>
      change(
        "PUT",
        "/password",
        { password, current_password: currentPassword },
        (answer) => validIn<U>(answer) && { kind: "changed" },
      ) as Promise<AccountOutcome<{ readonly kind: "changed" }>>,
    mfa: {
      challenge: ({ factorId } = {}) =>
        post("/mfa/challenge", { factor_id: factorId }, (answer) => {
          const factors = factorsIn(answer);
          return answer.response.ok && factors
            ? { kind: "challenged", factors, sent: answer.body?.["sent"] === true } as const
            : undefined;
        }) as Promise<ChallengeOutcome>,
      verify: ({ factorId, code, deviceName }) =>
        step(
          "/mfa/verify",
          { factor_id: factorId, code, device_name: deviceName },
          (answer) => stepIn(answer, ["password_required", "reauthenticated"]),
        ) as Promise<FactorOutcome<U>>,
      enroll: ({ type, friendlyName, phone, currentPassword }) =>
        change("POST", "/mfa/factors", {
          factor_type: type,
          friendly_name: friendlyName,
          phone,
          current_password: currentPassword,
        }, enrolledIn) as Promise<AccountOutcome<EnrolledFactor>>,
      remove: ({ factorId, currentPassword }) =>
        change(
          "DELETE",
          `/mfa/factors/${encodeURIComponent(factorId)}`,
          { current_password: currentPassword },
          ({ body }) => body?.["removed"] === true ? { kind: "removed" } as const : undefined,
        ) as Promise<AccountOutcome<{ readonly kind: "removed" }>>,
    },
    withPasskey: ({ deviceName } = {}) =>
      ceremony(
        {},
        (available, options) => available.get(options),
        (credential) =>
          step("/passkeys/verify", { credential, device_name: deviceName }, () => undefined),
      ) as Promise<PasskeyOutcome<U>>,
    registerPasskey: ({ currentPassword } = {}) =>
      ceremony(
        { purpose: "registration", current_password: currentPassword },
        (available, options) => available.create(options),
        (credential) =>
          change("POST", "/passkeys/verify", { credential }, ({ response, body }) =>
            response.status === 201
              ? { kind: "registered", id: String(body?.["id"]) } as const
              : undefined),
      ) as ReturnType<SignIn<U>["registerPasskey"]>,
  };
}
