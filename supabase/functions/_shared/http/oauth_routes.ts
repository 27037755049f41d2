/**
 * The way out to a provider and back: pages that a browser goes to itself, so that each answer is one, a
 * redirect or a page that says try again.
 *
 * @module
 */

import * as z from "zod";
import { ERRORS } from "../errors.ts";
import type { Logger } from "../log.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";
import {
  beginOAuth,
  finishOAuth,
  OAUTH_FLOW_SECONDS,
  type OAuthReturnResult,
  type OAuthStartResult,
} from "../sign_in/oauth.ts";
import { CONFIRM_PAGE_HEADERS, renderTryAgainPage } from "./confirm_page.ts";
import { type AuthErrorCode, withAuthError } from "./return_to.ts";
import { authorizeQuery, callbackQuery, sealedFlow } from "./sign_in_schemas.ts";
import { addCookies, addLogFields, type RequestOf } from "./envelope.ts";
import {
  cookieHeaderOf,
  readQuery,
  redirect,
  type RoutesOf,
  type SignInSteps,
} from "./sign_in_steps.ts";

/** More at once no person has begun; the oldest are forgotten. */
const MAX_OAUTH_FLOWS = 25;

/**
 * The length of all flows' cookies together in each request: enough for twenty pages of 300 characters.
 * Servers in front refuse a request above some 16 kB, and any site can send a browser here to begin flows.
 */
const MAX_OAUTH_LENGTH = 12_000;

export function createOAuthRoutes(
  {
    dependencies,
    cookies,
    bridge,
    open,
    openPending,
    forget,
    sealPending,
    requireReturnTo,
    answers,
  }: SignInSteps,
): RoutesOf<"GET /authorize" | "GET /callback"> {
  return {
    "GET /authorize": async function authorize(context) {
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
          const { flow: { id, verifier, returnTo }, location } = result;
          const cookieHeader = cookieHeaderOf(context);
          const begun = await cookies.set(cookieHeader, `oauth_${id}`, [verifier, returnTo], {
            lifetimeSeconds: OAUTH_FLOW_SECONDS,
          });
          let room = MAX_OAUTH_LENGTH - begun.join().length;
          for (const [at, { name, length }] of cookies.list(cookieHeader, "oauth_").entries()) {
            room -= length;
            if (room < 0 || at + 1 >= MAX_OAUTH_FLOWS) forget(context, name);
          }
          addCookies(context, begun);
          return redirect(context, location, 302);
        }
        case "unsupported":
          return redirect(context, withAuthError(returnTo, "oauth_provider_not_supported"), 303);
        case "throttled":
          return redirect(context, withAuthError(returnTo, "over_request_rate_limit"), 303);
        default:
          return result satisfies never;
      }
    },

    "GET /callback": async function callback(context) {
      const query = readQuery(context, callbackQuery);
      const held = cookies.list(cookieHeaderOf(context), "oauth_");
      const flows = (await Promise.all(held.map(async ({ name }) => {
        const [verifier, returnTo] = await open(context, name, sealedFlow) ?? [];
        const id = name.slice("oauth_".length);
        return verifier && returnTo ? { id, verifier, returnTo } : null;
      }))).filter((flow) => flow !== null);
      if (query.code === undefined) {
        // Which of several flows it was nobody says: the newest one's page is where the person is.
        const [newest] = flows;
        if (newest !== undefined) forget(context, `oauth_${newest.id}`);
        const returnTo = newest?.returnTo ?? requireReturnTo(undefined);
        return redirect(context, withAuthError(returnTo, callbackError(query)), 303);
      }
      const request = `GET /callback\n${query.code}`;
      const origin = await bridge.readOrigin(context, undefined);
      const pending = await openPending(context);
      let finished: OAuthReturnResult;
      try {
        const kept = await answers.recall(request, flows.map(({ verifier }) => verifier));
        if (kept !== null) return kept;
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
      const answer = async (response: Response) =>
        flow === null ? response : await answers.keep(request, flow.verifier, response);
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
          return await answer(redirect(context, returnTo, 303));
        }
        case "pending":
          await sealPending(context, result.pending);
          return await answer(redirect(context, withAuthError(returnTo, "mfa_required"), 303));
        case "refused":
          addLogFields(context, { code: result.code });
          return redirect(context, withAuthError(returnTo, result.code), 303);
        case "throttled":
          return redirect(context, withAuthError(returnTo, "over_request_rate_limit"), 303);
        default:
          return result satisfies never;
      }
    },
  };
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
