/**
 * The routes of every sign-in but the password: parse, call the flow, render. The state that a flow keeps
 * for its next step goes into sealed cookies, and Supabase Auth's session goes nowhere else.
 *
 * @module
 */

import type { Context } from "hono";
import * as z from "zod";
import { ERRORS } from "../errors.ts";
import type { Identity } from "../identity/identity_provider.ts";
import type { Logger } from "../log.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import type { SessionAt } from "../store/session_store.ts";
import type { SessionGrant } from "../sessions/grant.ts";
import type { LoginOrigin } from "../sessions/login.ts";
import type { SignInResult } from "../sign_in/advance.ts";
import { foldAddress } from "../sign_in/attempt_limits.ts";
import { acceptAccount, redeemCode, type SentMessage } from "../sign_in/codes.ts";
import type { SignInDependencies } from "../sign_in/dependencies.ts";
import { sendOtp, sendRecovery, type SendResult, type Sent, signUp } from "../sign_in/messages.ts";
import {
  beginOAuth,
  finishOAuth,
  OAUTH_FLOW_SECONDS,
  type OAuthFlow,
  type OAuthReturnResult,
  type OAuthStartResult,
} from "../sign_in/oauth.ts";
import { enrollOwnFactor, removeOwnFactor } from "../sign_in/own_factors.ts";
import {
  offerPasskeyRegistration,
  offerPasskeySignIn,
  type PasskeyFlow,
  verifyPasskey,
} from "../sign_in/passkeys.ts";
import { awaitsPassword, changeOwnPassword, choosePassword } from "../sign_in/password.ts";
import type { AwaitedStep, PendingSignIn } from "../sign_in/pending.ts";
import type { Address, Factor } from "../identity/sign_in_provider.ts";
import { challengeFactor, continueWithFactor, verifyFactor } from "../sign_in/second_factor.ts";
import { CONFIRM_PAGE_HEADERS, renderConfirmPage, renderTryAgainPage } from "./confirm_page.ts";
import type { AppEnvironment } from "./envelope.ts";
import { readSchemaBody } from "./request_body.ts";
import { RequestError, tooManyAttempts } from "./request_error.ts";
import { type AuthErrorCode, readReturnTo, withAuthError } from "./return_to.ts";
import type { SealedCookieName, SealedCookies } from "./sealed_cookies.ts";
import {
  authorizeQuery,
  callbackQuery,
  challengeBody,
  confirmQuery,
  enrollBody,
  factorBody,
  otpBody,
  passkeyBody,
  passkeyOptionsBody,
  passwordBody,
  recoverBody,
  removeFactorBody,
  sealedFlow,
  sealedPasskey,
  sealedPending,
  sealedSent,
  signupBody,
  verifyBody,
} from "./sign_in_schemas.ts";
import type { SignInRoute } from "./sign_in_routes.ts";

type RequestOf = Context<AppEnvironment>;

/** Loaded by the composition for these routes alone. */
export interface SignInParts {
  readonly dependencies: SignInDependencies;
  readonly sealedCookies: SealedCookies;
  /** Where browsers reach this function. */
  readonly publicUrl: string;
}

export interface SignInOptions extends SignInParts {
  readonly allowedOrigins: readonly string[];
}

/** How these routes share the browser's session with the others. */
export interface SessionBridge {
  /** The refresh token that the browser still holds keeps its one place. */
  readOrigin(context: RequestOf, deviceName: string | undefined): Promise<LoginOrigin>;
  /** The signed-in user's session. @throws {RequestError} */
  requireOwn(context: RequestOf): Promise<SessionAt>;
  setGrantCookies(context: RequestOf, grant: SessionGrant): void;
  /** Sets the cookies, and answers the session. */
  answerGrant(context: RequestOf, grant: SessionGrant): Response;
  /** Answers the session of the request as it is. */
  answerOwn(context: RequestOf, own: SessionAt): Promise<Response>;
}

const SENT_SECONDS = 3_600;
const PASSKEY_SECONDS = 300;

/** A person who thinks of a password needs longer than one who looks at a code. */
const PENDING_SECONDS: Readonly<Record<AwaitedStep, number>> = {
  consent: 300,
  factor: 300,
  password: 900,
  change: 300,
  enrollment: 300,
  session: 300,
};

/** More at once no person has begun; the oldest are forgotten. */
const MAX_OAUTH_FLOWS = 25;

/**
 * What they may take of every request together: enough for twenty pages of 200 characters. Servers in front
 * refuse a request above some 16 kB, and any site can send a browser here to begin flows.
 */
const MAX_OAUTH_LENGTH = 12_000;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const SENT_TEXT = "If this address can be used, a message is on its way.";

type Handler = (context: RequestOf) => Response | Promise<Response>;

export interface SignInHandlers {
  handle(route: SignInRoute, context: RequestOf): Response | Promise<Response>;
  /** Answers a login by password of a user who has a second factor. */
  askForFactor(
    context: RequestOf,
    login: { readonly identity: Identity; readonly origin: LoginOrigin },
  ): Promise<Response>;
}

export function createSignInHandlers(
  options: SignInOptions,
  bridge: SessionBridge,
): SignInHandlers {
  const { dependencies, sealedCookies: cookies, allowedOrigins, publicUrl } = options;
  const returnToOptions = { allowedOrigins, ownOrigin: new URL(publicUrl).origin };

  const open = async <Schema extends z.ZodType>(
    context: RequestOf,
    name: SealedCookieName,
    schema: Schema,
  ): Promise<z.output<Schema> | null> => {
    const content = await cookies.open(context.req.raw.headers.get("cookie"), name);
    const parsed = schema.safeParse(content);
    return parsed.success ? parsed.data : null;
  };
  const openPending = (context: RequestOf): Promise<PendingSignIn | null> =>
    open(context, "pending", sealedPending);
  const seal = async (
    context: RequestOf,
    name: SealedCookieName,
    content: PendingSignIn | SentMessage | OAuthFlow | PasskeyFlow,
    lifetimeSeconds: number,
  ) => addCookies(context, await cookies.set(name, content, { lifetimeSeconds }));
  const forget = (context: RequestOf, name: SealedCookieName) =>
    addCookies(context, cookies.clear(name));
  const sealPending = (context: RequestOf, pending: PendingSignIn) =>
    seal(context, "pending", pending, PENDING_SECONDS[pending.awaits]);

  const requireReturnTo = (text: string | undefined): string => {
    const returnTo = readReturnTo(text, returnToOptions);
    if (returnTo !== null) return returnTo;
    throw new RequestError("return_to_not_allowed");
  };

  const handlers = new Map<SignInRoute, Handler>();
  const on = (route: SignInRoute, handler: Handler) => void handlers.set(route, handler);

  /** The answer to a script: a session, what is still wanted, or why not. */
  const answer = async (context: RequestOf, result: SignInResult): Promise<Response> => {
    switch (result.kind) {
      case "signed_in":
        forget(context, "pending");
        return bridge.answerGrant(context, result.grant);
      case "pending":
        await sealPending(context, result.pending);
        return answerPending(context, result.pending);
      case "unfinished":
        await sealPending(context, result.pending);
        throw result.cause;
      case "refused":
        // What is over at Supabase Auth must not stand in the way of a new beginning.
        if (result.code === "flow_state_expired") forget(context, "pending");
        throw new RequestError(result.code);
      case "throttled":
        throw tooManyAttempts(result);
      default:
        return result satisfies never;
    }
  };

  const answerSent = async (
    context: RequestOf,
    result: SendResult | Sent,
    sent: SentMessage,
  ): Promise<Response> => {
    switch (result.kind) {
      case "sent":
        await seal(context, "sent", sent, SENT_SECONDS);
        addLogFields(context, { outcome: "sent", provider_code: result.detail ?? undefined });
        return context.json({ status: "sent", message: SENT_TEXT }, 202);
      case "refused":
        throw new RequestError(result.code);
      case "throttled":
        throw tooManyAttempts(result);
      default:
        return result satisfies never;
    }
  };

  on("GET /authorize", async function authorize(context) {
    const query = readQuery(context, authorizeQuery);
    const returnTo = requireReturnTo(query.return_to);
    let result: OAuthStartResult;
    try {
      result = await beginOAuth(dependencies, {
        provider: query.provider,
        scopes: query.scopes ?? null,
        loginHint: query.login_hint ?? null,
        returnTo,
        context: context.get("requestContext"),
      });
    } catch (error: unknown) {
      return answerOutage(context, error, dependencies.log);
    }
    switch (result.kind) {
      case "redirect": {
        const begun = await cookies.set(`oauth_${result.flow.id}`, result.flow, {
          lifetimeSeconds: OAUTH_FLOW_SECONDS,
        });
        let room = MAX_OAUTH_LENGTH - begun.join().length;
        const held = cookies.list(context.req.raw.headers.get("cookie"), "oauth_");
        for (const [at, { name, length }] of held.toReversed().entries()) {
          room -= length;
          if (room < 0 || at + 1 >= MAX_OAUTH_FLOWS) forget(context, name);
        }
        addCookies(context, begun);
        return redirect(context, result.location, 302);
      }
      case "unsupported":
        return redirect(context, withAuthError(returnTo, "oauth_provider_not_supported"), 303);
      case "throttled":
        return redirect(context, withAuthError(returnTo, "over_request_rate_limit"), 303);
      default:
        return result satisfies never;
    }
  });

  on("GET /callback", async function callback(context) {
    const query = readQuery(context, callbackQuery);
    const cookieHeader = context.req.raw.headers.get("cookie");
    const flows = (await Promise.all(
      cookies.list(cookieHeader, "oauth_").map(({ name }) => open(context, name, sealedFlow)),
    )).filter((flow) => flow !== null);
    if (query.code === undefined) {
      // Which of several flows it was nobody says: the newest one's page is where the person is.
      const newest = flows.toSorted((one, other) => other.startedAtMs - one.startedAtMs)[0];
      if (newest !== undefined) forget(context, `oauth_${newest.id}`);
      const returnTo = newest?.returnTo ?? requireReturnTo(undefined);
      return redirect(context, withAuthError(returnTo, callbackError(query)), 303);
    }
    const origin = await bridge.readOrigin(context, undefined);
    const pending = await openPending(context);
    let finished: OAuthReturnResult;
    try {
      finished = await finishOAuth(dependencies, { code: query.code, flows, pending, origin });
    } catch (error: unknown) {
      return answerOutage(context, error, dependencies.log);
    }
    const { result, flow } = finished;
    const returnTo = flow?.returnTo ?? requireReturnTo(undefined);
    if (result.kind === "unfinished") {
      await sealPending(context, result.pending);
      return answerOutage(context, result.cause, dependencies.log);
    }
    if (flow !== null) forget(context, `oauth_${flow.id}`);
    switch (result.kind) {
      case "signed_in": {
        const { session } = result.grant;
        forget(context, "pending");
        bridge.setGrantCookies(context, result.grant);
        addLogFields(context, {
          outcome: "login",
          session_id: session.sessionId,
          user_id: session.userId,
        });
        return redirect(context, returnTo, 303);
      }
      case "pending":
        await sealPending(context, result.pending);
        return redirect(context, withAuthError(returnTo, "mfa_required"), 303);
      case "refused":
        addLogFields(context, { code: result.code });
        return redirect(context, withAuthError(returnTo, result.code), 303);
      case "throttled":
        return redirect(context, withAuthError(returnTo, "over_request_rate_limit"), 303);
      default:
        return result satisfies never;
    }
  });

  on("POST /otp", async function otp(context) {
    const body = await readSchemaBody(context, otpBody);
    const address: Address = "email" in body ? { email: body.email } : { phone: body.phone };
    const returnTo = requireReturnTo(body.return_to);
    const result = await sendOtp(dependencies, {
      address,
      createUser: body.create_user,
      captchaToken: body.captcha_token ?? null,
      context: context.get("requestContext"),
    });
    const subject = "email" in address ? address.email : address.phone;
    return await answerSent(context, result, {
      address: foldAddress(subject),
      intent: "sign_in",
      returnTo,
    });
  });

  on("POST /recover", async function recover(context) {
    const body = await readSchemaBody(context, recoverBody);
    const returnTo = requireReturnTo(body.return_to);
    const result = await sendRecovery(dependencies, {
      email: body.email,
      captchaToken: body.captcha_token ?? null,
      context: context.get("requestContext"),
    });
    const sent = { address: foldAddress(body.email), intent: "recovery", returnTo } as const;
    return await answerSent(context, result, sent);
  });

  on("POST /signup", async function signup(context) {
    const body = await readSchemaBody(context, signupBody);
    const returnTo = requireReturnTo(body.return_to);
    const result = await signUp(dependencies, {
      email: body.email,
      password: body.password,
      captchaToken: body.captcha_token ?? null,
      origin: await bridge.readOrigin(context, body.device_name),
    });
    const sent = { address: foldAddress(body.email), intent: "signup", returnTo } as const;
    return result.kind === "sent"
      ? await answerSent(context, result, sent)
      : await answer(context, result);
  });

  on("GET /confirm", async function confirm(context) {
    const query = readQuery(context, confirmQuery);
    const sent = await open(context, "sent", sealedSent);
    const html = renderConfirmPage({
      tokenHash: query.token_hash,
      type: query.type,
      returnTo: sent?.returnTo ?? requireReturnTo(undefined),
    });
    return context.html(html, 200, CONFIRM_PAGE_HEADERS);
  });

  on("POST /verify", async function verify(context) {
    const body = await readSchemaBody(context, verifyBody);
    const pending = await openPending(context);
    if ("consent" in body) {
      const origin = await bridge.readOrigin(context, undefined);
      return await answer(context, await acceptAccount(dependencies, { pending, origin }));
    }
    const verification = "token_hash" in body
      ? { tokenHash: body.token_hash, type: body.type }
      : body;
    const result = await redeemCode(dependencies, {
      verification,
      sent: await open(context, "sent", sealedSent),
      pending,
      origin: await bridge.readOrigin(context, body.device_name),
    });
    if (result.kind === "signed_in" || result.kind === "pending") forget(context, "sent");
    return await answer(context, result);
  });

  on("PUT /password", async function changePassword(context) {
    const body = await readSchemaBody(context, passwordBody);
    const { password } = body;
    const pending = await openPending(context);
    const origin = await bridge.readOrigin(context, body.device_name);
    if (awaitsPassword(pending)) {
      return await answer(
        context,
        await choosePassword(dependencies, { pending, password, origin }),
      );
    }
    const own = await bridge.requireOwn(context);
    const currentPassword = body.current_password ?? null;
    const change = { own, pending, currentPassword, password, origin };
    const result = await changeOwnPassword(dependencies, change);
    if (result.kind !== "changed") return await answer(context, result);
    if (pending !== null) forget(context, "pending");
    addLogFields(context, { outcome: "password_changed", session_id: own.session.sessionId });
    return await bridge.answerOwn(context, own);
  });

  on("POST /mfa/challenge", async function challenge(context) {
    const body = await readSchemaBody(context, challengeBody);
    const pending = await openPending(context);
    if (body.factor_id === undefined) {
      if (pending?.awaits !== "factor") throw new RequestError("flow_state_not_found");
      return context.json({ factors: renderFactors(pending.session.factors), sent: false });
    }
    const result = await challengeFactor(dependencies, {
      pending,
      factorId: body.factor_id,
      context: context.get("requestContext"),
    });
    if (result.kind !== "pending") return await answer(context, result);
    await sealPending(context, result.pending);
    const factors = result.pending.session.factors.filter(({ id }) => id === body.factor_id);
    const sent = result.pending.challenge?.factorId === body.factor_id;
    return context.json({ factors: renderFactors(factors), sent });
  });

  on("POST /mfa/verify", async function verifySecondFactor(context) {
    const body = await readSchemaBody(context, factorBody);
    const result = await verifyFactor(dependencies, {
      pending: await openPending(context),
      factorId: body.factor_id,
      code: body.code,
      origin: await bridge.readOrigin(context, body.device_name),
    });
    return await answer(context, result);
  });

  on("POST /mfa/factors", async function enroll(context) {
    const body = await readSchemaBody(context, enrollBody);
    const result = await enrollOwnFactor(dependencies, {
      own: await bridge.requireOwn(context),
      pending: await openPending(context),
      currentPassword: body.current_password ?? null,
      origin: await bridge.readOrigin(context, undefined),
      type: body.factor_type,
      friendlyName: body.friendly_name,
      phone: body.phone ?? null,
    });
    if (result.kind !== "enrolled") return await answer(context, result);
    await sealPending(context, result.pending);
    const { id, type, friendlyName, totp } = result.factor;
    return context.json({
      factor: { id, type, friendly_name: friendlyName },
      totp: totp && { qr_code: totp.qrCode, secret: totp.secret, uri: totp.uri },
    });
  });

  on("DELETE /mfa/factors/:id", async function removeFactor(context) {
    const body = await readSchemaBody(context, removeFactorBody);
    const factorId = (context.req.param("id") ?? "").toLowerCase();
    if (!UUID.test(factorId)) throw new RequestError("not_found");
    const result = await removeOwnFactor(dependencies, {
      own: await bridge.requireOwn(context),
      pending: await openPending(context),
      currentPassword: body.current_password ?? null,
      origin: await bridge.readOrigin(context, undefined),
      factorId,
    });
    if (result.kind !== "removed") return await answer(context, result);
    forget(context, "pending");
    return context.json({ removed: true });
  });

  on("POST /passkeys/options", async function offerPasskey(context) {
    const body = await readSchemaBody(context, passkeyOptionsBody);
    const origin = await bridge.readOrigin(context, undefined);
    const result = body.purpose === "sign_in"
      ? await offerPasskeySignIn(dependencies, { origin })
      : await offerPasskeyRegistration(dependencies, {
        own: await bridge.requireOwn(context),
        pending: await openPending(context),
        currentPassword: body.current_password ?? null,
        origin,
      });
    if (result.kind !== "options") return await answer(context, result);
    await seal(context, "passkey", result.flow, PASSKEY_SECONDS);
    return context.json({ options: result.options });
  });

  on("POST /passkeys/verify", async function verifyPasskeyAnswer(context) {
    const body = await readSchemaBody(context, passkeyBody);
    const flow = await open(context, "passkey", sealedPasskey);
    const { credential } = body;
    const origin = await bridge.readOrigin(context, body.device_name);
    // Right or wrong, the challenge is used up: an outage alone leaves it.
    const result = await verifyPasskey(dependencies, {
      flow,
      pending: await openPending(context),
      credential,
      origin,
    });
    if (flow !== null) forget(context, "passkey");
    if (flow?.registration) forget(context, "pending"); // of the same session, which is over
    if (result.kind !== "registered") return await answer(context, result);
    const { id, friendlyName, createdAt } = result.passkey;
    return context.json({ id, friendly_name: friendlyName, created_at: createdAt }, 201);
  });

  return {
    handle(route, context) {
      const handler = handlers.get(route);
      if (handler === undefined) {
        throw new TypeError(`Cannot handle a route without a handler: ${route}`);
      }
      return handler(context);
    },
    askForFactor: async (context, login) =>
      await answer(context, await continueWithFactor(dependencies, login)),
  };
}

function answerPending(context: RequestOf, pending: PendingSignIn): Response {
  const { awaits, session } = pending;
  switch (awaits) {
    case "factor": {
      addLogFields(context, { code: "mfa_required", user_id: session.identity.userId });
      const { requestId } = context.get("requestContext");
      const { status, message } = ERRORS.mfa_required;
      const factors = renderFactors(session.factors);
      return context.json(
        { code: "mfa_required", message, request_id: requestId, factors },
        status,
      );
    }
    case "consent":
    case "password":
    case "change": {
      const status = PENDING_STATUS[awaits];
      addLogFields(context, { outcome: status, user_id: session.identity.userId });
      const { email, phone } = session;
      return context.json({ status, account: { email, phone } }, 202);
    }
    case "enrollment":
    case "session":
      throw new TypeError(`Cannot answer what is not asked of anybody: ${awaits}`);
    default:
      return awaits satisfies never;
  }
}

const PENDING_STATUS = {
  consent: "consent_required",
  password: "password_required",
  change: "reauthenticated",
} as const;

function renderFactors(factors: readonly Factor[]) {
  return factors.map(({ id, type, friendlyName }) => ({ id, type, friendly_name: friendlyName }));
}

/**
 * A page and no redirect: the address holds the code, and the same address again goes on.
 *
 * @throws what is no outage
 */
function answerOutage(context: RequestOf, error: unknown, log: Logger): Response {
  if (!(error instanceof ServiceUnavailableError)) throw error;
  log.error("dependency is unavailable", {
    request_id: context.get("requestContext").requestId,
    dependency: error.dependency,
    cause: error.code,
  });
  addLogFields(context, { code: "service_unavailable" });
  const { search } = new URL(context.req.url);
  return context.html(renderTryAgainPage(search), ERRORS.service_unavailable.status, {
    ...CONFIRM_PAGE_HEADERS,
    "Retry-After": "2",
  });
}

/** Of the provider's words nothing is repeated: anybody can write them into a link. */
function callbackError(query: z.output<typeof callbackQuery>): AuthErrorCode {
  const known = [
    "access_denied",
    "signup_disabled",
    "provider_email_needs_verification",
  ] as const satisfies readonly AuthErrorCode[];
  const given = query.error_code ?? query.error;
  return known.find((code) => code === given) ?? "oauth_failed";
}

function readQuery<Schema extends z.ZodType>(
  context: RequestOf,
  schema: Schema,
): z.output<Schema> {
  const parsed = schema.safeParse(context.req.query());
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => path.join(".") || "query").join(", ");
  throw new RequestError("validation_failed", { detail: names.slice(0, 200) });
}

/** The code is in the address: no other site may learn it. */
function redirect(context: RequestOf, location: string, status: 302 | 303): Response {
  context.header("Referrer-Policy", "no-referrer");
  return context.redirect(location, status);
}

function addCookies(context: RequestOf, values: readonly string[]): void {
  for (const value of values) context.header("Set-Cookie", value, { append: true });
}

function addLogFields(context: RequestOf, fields: AppEnvironment["Variables"]["facts"]): void {
  context.set("facts", { ...context.get("facts"), ...fields });
}
