/**
 * Makes the ways to sign in from the session, the transport and the page. No token of Supabase Auth comes
 * near the page: the functions keep a half-done sign-in in sealed httpOnly cookies.
 *
 * @module
 */

import type { SessionEnvironment } from "../environment.ts";
import type { Session } from "../session/session.ts";
import type { Answer, ExchangeRequest } from "../transport/http_exchange.ts";
import {
  type HttpTransport,
  refusedIn,
  rejectedTokenIn,
  validIn,
} from "../transport/http_transport.ts";
import type {
  Busy,
  Call,
  Refused,
  Rejected,
  SessionUser,
  Unavailable,
  Valid,
} from "../transport/outcome.ts";
import { isObject, type Json, type UnifiedAuthUser } from "../transport/views.ts";
import {
  factorOf,
  factorsIn,
  type MfaRequired,
  mfaRequiredIn,
  ownFactorOf,
} from "../transport/second_factor.ts";
import { enrolledIn, sentIn, stepIn } from "./answers.ts";
import {
  type PageNavigation,
  readReturned,
  returnAddress,
  type Returned,
  waitForReturn,
} from "./oauth.ts";
import type {
  AccountName,
  AccountOutcome,
  ChallengeOutcome,
  MessageSent,
  OAuthOutcome,
  ReturnOutcome,
  SignedIn,
} from "./outcomes.ts";
import type { Passkeys } from "./passkey.ts";
import type { MessageOptions, SignIn } from "./sign_in.ts";

export interface SignInParts<U extends SessionUser> {
  readonly session: Pick<Session<U>, "signIn" | "ask" | "request">;
  readonly transport: HttpTransport<U>;
  readonly environment: Pick<SessionEnvironment, "setTimer">;
  readonly navigation: PageNavigation;
  readonly passkeys: () => Passkeys | null;
}

type Redirecting = Extract<OAuthOutcome, { readonly kind: "redirecting" }>;
type Method = NonNullable<ExchangeRequest["method"]>;
type Offered = { readonly kind: "options"; readonly options: Json };
type Interpret<T> = (answer: Answer) => T | undefined;

export function createSignIn<U extends UnifiedAuthUser>(
  { session, transport, environment, navigation, passkeys }: SignInParts<U>,
): SignIn<U> {
  const { send, url } = transport;

  /** A step that may make a session: no tab sends another request meanwhile. */
  async function signInBy<T extends { readonly kind: string }>(
    ask: (call: Call) => Promise<Valid<U> | T>,
  ): Promise<SignedIn<U> | T | Refused | Unavailable> {
    const outcome = await session.signIn(ask);
    if (outcome.kind !== "valid") return outcome as Exclude<typeof outcome, Valid<U>>;
    return { kind: "signed-in", user: (outcome as Valid<U>).user };
  }

  const step = <T extends { readonly kind: string }>(
    path: string,
    body: Json,
    interpret: Interpret<T>,
    method: Method = "POST",
  ) =>
    signInBy<T | MfaRequired | Refused | Busy | Unavailable>(({ signal }) =>
      send<Valid<U> | T | MfaRequired | Refused>(
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
    session.ask(({ signal }) =>
      send<T | Refused>(
        path,
        { body, signal },
        (answer) => interpret(answer) ?? refusedIn(answer),
      )
    );

  /** A request of the person who is signed in. */
  const change = <T extends { readonly kind: string }>(
    method: Method,
    path: string,
    body: Json | undefined,
    interpret: Interpret<T>,
  ): Promise<AccountOutcome<T>> =>
    session.request(({ signal }) =>
      send<T | MfaRequired | Rejected | Refused>(
        path,
        { method, body, signal },
        (answer) =>
          interpret(answer) ?? mfaRequiredIn(answer) ?? rejectedTokenIn(answer) ??
            refusedIn(answer),
      )
    );

  const challenge = (factorId?: string): Promise<ChallengeOutcome> =>
    post("/mfa/challenge", { factor_id: factorId }, (answer) => {
      const factors = factorsIn(answer, factorOf);
      return answer.response.ok && factors
        ? { kind: "challenged", factors, sent: answer.body?.["sent"] === true } as const
        : undefined;
    });

  /** The very page, where the caller names none. */
  const returnTo = (named: string | undefined) => returnAddress(navigation.address(), named);

  /** A request whose message leads back here. */
  async function message<T>(
    send: (path: string, body: Json, interpret: Interpret<MessageSent>) => Promise<T>,
    path: string,
    body: Json,
    { captchaToken, returnTo: named }: MessageOptions,
  ): Promise<T> {
    const target = returnTo(named);
    return await send(
      path,
      { ...body, captcha_token: captchaToken, return_to: target },
      (answer) => sentIn(answer, target),
    );
  }

  async function outcomeOf({ name, value }: Returned): Promise<ReturnOutcome> {
    if (name === "step") return { kind: "password-required", account: null };
    if (value !== "mfa_required") return { kind: "refused", code: value };
    const outcome = await challenge();
    return outcome.kind === "challenged"
      ? { kind: "mfa-required", factors: outcome.factors }
      : outcome;
  }

  async function signInByPopup(startUrl: string, end: string): Promise<OAuthOutcome<U> | null> {
    const popup = navigation.openPopup(startUrl);
    if (!popup) return null;
    const address = await waitForReturn(popup, new URL(end), environment.setTimer);
    popup.close();
    if (!address) return { kind: "cancelled" };
    const returned = readReturned(address);
    if (returned) return await outcomeOf(returned);
    const outcome = await signInBy((call) => transport.validate(call));
    // The popup is signed in, and its cookies are not this page's.
    return outcome.kind === "rejected" ? { kind: "refused", code: "cookies-refused" } : outcome;
  }

  /** The credential of each ceremony whose answer did not arrive: it is sent again, once, before another. */
  const unanswered = new Map<string, Json>();

  /** Runs the browser's part over the options that the server offers. */
  async function ceremony<
    Refusal extends { readonly kind: string },
    Done extends { readonly kind: string },
  >(
    name: string,
    offer: () => Promise<Offered | Refusal>,
    run: (passkeys: Passkeys, options: Json) => Promise<Json | null>,
    finish: (credential: Json) => Promise<Done>,
  ) {
    const available = passkeys();
    if (!available) return { kind: "unsupported" } as const;
    const send = async (credential: Json) => {
      const outcome = await finish(credential);
      if (outcome.kind === "unavailable") unanswered.set(name, credential);
      else unanswered.delete(name);
      return outcome;
    };
    const held = unanswered.get(name);
    const repeated = held && await send(held);
    if (repeated && repeated.kind !== "refused") return repeated;
    const offered = await offer();
    if (!isOffered(offered)) return offered;
    const credential = await run(available, offered.options);
    return credential ? await send(credential) : { kind: "cancelled" } as const;
  }

  /** The account that a consent was last asked for. */
  let named: AccountName | undefined;

  return {
    withPassword: (credentials) => signInBy((call) => transport.login(credentials, call)),
    withSupabaseToken: (supabaseAccessToken, { deviceName = undefined } = {}) =>
      signInBy((call) => transport.login({ supabaseAccessToken, deviceName }, call)),
    async withOAuth({ provider, returnTo: named, scopes, loginHint, popup = false }) {
      const target = returnTo(named);
      if (target === undefined) {
        throw new TypeError(
          "Cannot sign in at a provider as 'returnTo' is missing and there is no page",
        );
      }
      const start = new URL(url("/authorize"));
      const query = { provider, return_to: target, scopes, login_hint: loginHint };
      for (const [name, value] of Object.entries(query)) {
        if (value !== undefined) start.searchParams.set(name, value);
      }
      const outcome = popup ? await signInByPopup(start.href, target) : null;
      return outcome ?? await signInBy((): Promise<Valid<U> | Redirecting> => {
        navigation.leaveFor(start.href);
        return Promise.resolve({ kind: "redirecting", returnTo: target });
      });
    },
    async returnOutcome() {
      const returned = navigation.isPopup() ? null : readReturned(navigation.address());
      if (!returned) return null;
      navigation.replaceAddress(returned.address);
      return await outcomeOf(returned);
    },
    withOtp: ({ createUser, captchaToken, returnTo, ...address }) =>
      message(post, "/otp", { ...address, create_user: createUser }, { captchaToken, returnTo }),
    async verifyOtp({ deviceName, ...verification }) {
      const outcome = await step(
        "/verify",
        "tokenHash" in verification
          ? { token_hash: verification.tokenHash, type: verification.type, device_name: deviceName }
          : { ...verification, device_name: deviceName },
        (answer) => stepIn(answer, ["consent_required", "password_required"]),
      );
      if (outcome.kind === "consent-required") named = outcome.account;
      return outcome;
    },
    cancel: () =>
      post(
        "/cancel",
        {},
        ({ body }) => body?.["cancelled"] === true ? { kind: "cancelled" } as const : undefined,
      ),
    acceptAccount: () =>
      step(
        "/verify",
        { consent: true, account: named },
        (answer) => stepIn(answer, ["password_required"]),
      ),
    signUp: ({ email, password, deviceName, ...options }) =>
      message(step<MessageSent>, "/signup", { email, password, device_name: deviceName }, options),
    resetPassword: ({ email, ...options }) => message(post, "/recover", { email }, options),
    setPassword: ({ password, deviceName }) =>
      step(
        "/password",
        { password, device_name: deviceName },
        (answer) => stepIn(answer, ["password_required", "reauthenticated"]),
        "PUT",
      ),
    changePassword: ({ password, currentPassword }) =>
      change(
        "PUT",
        "/password",
        { password, current_password: currentPassword },
        (answer) => validIn<U>(answer) && { kind: "changed" },
      ),
    mfa: {
      challenge: ({ factorId } = {}) => challenge(factorId),
      verify: ({ factorId, code, deviceName }) =>
        step(
          "/mfa/verify",
          { factor_id: factorId, code, device_name: deviceName },
          (answer) => stepIn(answer, ["password_required", "reauthenticated"]),
        ),
      list: () =>
        change("GET", "/mfa/factors", undefined, (answer) => {
          const factors = factorsIn(answer, ownFactorOf);
          return factors && { kind: "listed", factors } as const;
        }),
      enroll: ({ type, friendlyName, phone, currentPassword }) =>
        change("POST", "/mfa/factors", {
          factor_type: type,
          friendly_name: friendlyName,
          phone,
          current_password: currentPassword,
        }, enrolledIn),
      remove: ({ factorId, currentPassword }) =>
        change(
          "DELETE",
          `/mfa/factors/${encodeURIComponent(factorId)}`,
          { current_password: currentPassword },
          ({ body }) => body?.["removed"] === true ? { kind: "removed" } as const : undefined,
        ),
    },
    withPasskey: ({ deviceName } = {}) =>
      ceremony(
        "get",
        () => post("/passkeys/options", {}, offeredIn),
        (available, options) => available.get(options),
        (credential) =>
          step<never>("/passkeys/verify", { credential, device_name: deviceName }, () => undefined),
      ),
    async registerPasskey({ currentPassword } = {}) {
      let exists = false;
      const outcome = await ceremony(
        "create",
        () =>
          change(
            "POST",
            "/passkeys/options",
            { purpose: "registration", current_password: currentPassword },
            offeredIn,
          ),
        async (available, options) => {
          const made = await available.create(options);
          exists = made === "exists";
          return made === "exists" ? null : made;
        },
        (credential) =>
          change(
            "POST",
            "/passkeys/verify",
            { credential },
            ({ response, body }) =>
              response.status === 201
                ? { kind: "registered", id: String(body?.["id"]) } as const
                : undefined,
          ),
      );
      return exists ? { kind: "already-registered" } : outcome;
    },
  };
}

function offeredIn({ body }: Answer): Offered | undefined {
  const options = body?.["options"];
  return isObject(options) ? { kind: "options", options } : undefined;
}

function isOffered(outcome: { readonly kind: string }): outcome is Offered {
  return outcome.kind === "options";
}
