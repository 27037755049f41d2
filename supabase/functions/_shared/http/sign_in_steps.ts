/**
 * Shared by the sign-in routes: the state that a flow keeps for its next step, in sealed cookies, and the
 * answers to a step.
 *
 * @module
 */

import * as z from "zod";
import { ERRORS } from "../errors.ts";
import type { SessionAt } from "../store/session_store.ts";
import type { SessionGrant } from "../sessions/grant.ts";
import type { LoginOrigin } from "../sessions/login.ts";
import type { SignInResult } from "../sign_in/advance.ts";
import { cancelSignIn } from "../sign_in/cancel.ts";
import type { SentMessage } from "../sign_in/codes.ts";
import type { SignInDependencies } from "../sign_in/dependencies.ts";
import type { SendResult, Sent } from "../sign_in/messages.ts";
import type { PasskeyFlow } from "../sign_in/passkeys.ts";
import type { AwaitedStep, PendingSignIn } from "../sign_in/pending.ts";
import type { Factor } from "../identity/sign_in_provider.ts";
import { addCookies, addLogFields, type RequestOf } from "./envelope.ts";
import { RequestError, tooManyAttempts } from "./request_error.ts";
import { readReturnTo } from "./return_to.ts";
import type { SealedCookieName, SealedCookies } from "./sealed_cookies.ts";
import { sealedPasskey, sealedPending } from "./sign_in_schemas.ts";
import { createStepAnswers, type StepAnswers } from "./step_answers.ts";
import type { SignInRoute } from "./sign_in_routes.ts";

export type SignInHandler = (context: RequestOf) => Response | Promise<Response>;

/** The handlers of some routes. */
export type RoutesOf<Route extends SignInRoute> = Readonly<Record<Route, SignInHandler>>;

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

/** The dependencies of the routes. */
export interface SignInSteps {
  readonly dependencies: SignInDependencies;
  readonly cookies: SealedCookies;
  readonly bridge: SessionBridge;
  /** The contents of a sealed cookie; null unless it is genuine, of its time and of this form. */
  open<Schema extends z.ZodType>(
    context: RequestOf,
    name: SealedCookieName,
    schema: Schema,
  ): Promise<z.output<Schema> | null>;
  openPending(context: RequestOf): Promise<PendingSignIn | null>;
  seal(
    context: RequestOf,
    name: SealedCookieName,
    content: PendingSignIn | SentMessage | PasskeyFlow | Readonly<Record<string, never>>,
    lifetimeSeconds: number,
  ): Promise<void>;
  sealPending(context: RequestOf, pending: PendingSignIn): Promise<void>;
  forget(context: RequestOf, name: SealedCookieName): void;
  /** Forgets the half-done sign-in of a change that is made, and no other one. */
  forgetChange(context: RequestOf, pending: PendingSignIn | null): void;
  /** Ends what this browser has half done, at once. */
  giveUp(context: RequestOf): Promise<void>;
  /** @throws {RequestError} If the text is no path of an allowed origin */
  requireReturnTo(text: string | undefined): string;
  /** The answer of `take`, or the one that this browser had to the same request and lost. */
  once(context: RequestOf, body: unknown, take: () => Promise<Response>): Promise<Response>;
  readonly answers: StepAnswers;
  /** The answer to a script: a session, what is still wanted, or why not. */
  answer(context: RequestOf, result: SignInResult): Promise<Response>;
  /** The answer to a message that was sent, or was not. */
  answerSent(
    context: RequestOf,
    result: SendResult | Sent,
    sent: SentMessage,
  ): Promise<Response>;
}

const SENT_SECONDS = 3_600;

/** A person who thinks of a password needs longer than one who looks at a code. */
const PENDING_SECONDS: Readonly<Record<AwaitedStep, number>> = {
  consent: 300,
  factor: 300,
  password: 900,
  change: 300,
  enrollment: 300,
  session: 300,
};

const SENT_TEXT = "If this address can be used, a message is on its way.";

export function createSignInSteps(options: SignInOptions, bridge: SessionBridge): SignInSteps {
  const { dependencies, sealedCookies: cookies, allowedOrigins, publicUrl } = options;
  const returnToOptions = { allowedOrigins, ownOrigin: new URL(publicUrl).origin };

  const open: SignInSteps["open"] = async (context, name, schema) => {
    const content = await cookies.open(cookieHeaderOf(context), name);
    const parsed = schema.safeParse(content);
    return parsed.success ? parsed.data : null;
  };
  const openPending: SignInSteps["openPending"] = (context) =>
    open(context, "pending", sealedPending);
  const seal: SignInSteps["seal"] = async (context, name, content, lifetimeSeconds) =>
    addCookies(
      context,
      await cookies.set(cookieHeaderOf(context), name, content, { lifetimeSeconds }),
    );
  const forget: SignInSteps["forget"] = (context, name) =>
    addCookies(context, cookies.clear(cookieHeaderOf(context), name));
  const forgetChange: SignInSteps["forgetChange"] = (context, pending) => {
    if (pending?.awaits === "change") forget(context, "pending");
  };
  const giveUp: SignInSteps["giveUp"] = async (context) => {
    const pending = await openPending(context);
    const passkey = await open(context, "passkey", sealedPasskey);
    const sessions = [pending?.session, passkey?.registration?.session]
      .filter((session) => !!session);
    await cancelSignIn(dependencies, { sessions, context: context.get("requestContext") });
    forget(context, "pending");
    forget(context, "passkey");
  };
  const sealPending: SignInSteps["sealPending"] = (context, pending) =>
    seal(context, "pending", pending, PENDING_SECONDS[pending.awaits]);

  const requireReturnTo: SignInSteps["requireReturnTo"] = (text) => {
    const returnTo = readReturnTo(text, returnToOptions);
    if (returnTo !== null) return returnTo;
    throw new RequestError("return_to_not_allowed");
  };

  const answers = createStepAnswers(dependencies);
  const once: SignInSteps["once"] = async (context, body, take) => {
    const held = cookies.held(cookieHeaderOf(context));
    if (held === null) return await take();
    const { method, path } = context.req;
    const request = `${method} ${path}\n${JSON.stringify(body)}\n${held}`;
    const kept = await answers.recall(request, [held]);
    if (kept === null) return await answers.keep(request, held, await take());
    addLogFields(context, { outcome: "repeated" });
    return kept;
  };

  const answer: SignInSteps["answer"] = async (context, result) => {
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
        // A step that has ended at Supabase Auth must not stand in the way of a new beginning.
        if (result.code === "flow_state_expired") forget(context, "pending");
        throw new RequestError(result.code);
      case "throttled":
        throw tooManyAttempts(result);
      default:
        return result satisfies never;
    }
  };

  const answerSent: SignInSteps["answerSent"] = async (context, result, sent) => {
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

  return {
    dependencies,
    cookies,
    bridge,
    open,
    openPending,
    seal,
    forget,
    forgetChange,
    giveUp,
    sealPending,
    requireReturnTo,
    once,
    answers,
    answer,
    answerSent,
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

export interface FactorView {
  readonly id: string;
  readonly type: Factor["type"];
  readonly friendly_name: Factor["friendlyName"];
}

export function renderFactor({ id, type, friendlyName }: Factor): FactorView {
  return { id, type, friendly_name: friendlyName };
}

export function renderFactors(factors: readonly Factor[]): readonly FactorView[] {
  return factors.map(renderFactor);
}

export function cookieHeaderOf(context: RequestOf): string | null {
  return context.req.raw.headers.get("cookie");
}

export function readQuery<Schema extends z.ZodType>(
  context: RequestOf,
  schema: Schema,
): z.output<Schema> {
  const parsed = schema.safeParse(context.req.query());
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => path.join(".") || "query").join(", ");
  throw new RequestError("validation_failed", { detail: names.slice(0, 200) });
}

/** The code is in the address: no other site may learn it. */
export function redirect(context: RequestOf, location: string, status: 302 | 303): Response {
  context.header("Referrer-Policy", "no-referrer");
  return context.redirect(location, status);
}
