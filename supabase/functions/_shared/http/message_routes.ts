/**
 * Codes and links by message: sending them, and what is done with one that arrived.
 *
 * @module
 */

import { storedAddress } from "../sign_in/attempt_limits.ts";
import { acceptAccount, redeemCode } from "../sign_in/codes.ts";
import { sendOtp, sendRecovery, signUp } from "../sign_in/messages.ts";
import type { Address } from "../identity/sign_in_provider.ts";
import { CONFIRM_PAGE_HEADERS, renderConfirmPage } from "./confirm_page.ts";
import { KEPT_ANSWER_SECONDS } from "../sign_in/advance.ts";
import { readSchemaBody } from "./request_body.ts";
import {
  confirmQuery,
  otpBody,
  recoverBody,
  sealedSent,
  signupBody,
  verifyBody,
} from "./sign_in_schemas.ts";
import { readQuery, type RoutesOf, type SignInSteps } from "./sign_in_steps.ts";

export function createMessageRoutes(
  {
    dependencies,
    bridge,
    open,
    openPending,
    seal,
    forget,
    requireReturnTo,
    once,
    answer,
    answerSent,
  }: SignInSteps,
): RoutesOf<"POST /otp" | "POST /recover" | "POST /signup" | "GET /confirm" | "POST /verify"> {
  return {
    "POST /otp": async function otp(context) {
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
        address: storedAddress(subject),
        intent: "sign_in",
        returnTo,
      });
    },

    "POST /recover": async function recover(context) {
      const body = await readSchemaBody(context, recoverBody);
      const returnTo = requireReturnTo(body.return_to);
      const result = await sendRecovery(dependencies, {
        email: body.email,
        captchaToken: body.captcha_token ?? null,
        context: context.get("requestContext"),
      });
      const sent = { address: storedAddress(body.email), intent: "recovery", returnTo } as const;
      return await answerSent(context, result, sent);
    },

    "POST /signup": async function signup(context) {
      const body = await readSchemaBody(context, signupBody);
      const returnTo = requireReturnTo(body.return_to);
      const result = await signUp(dependencies, {
        email: body.email,
        password: body.password,
        captchaToken: body.captcha_token ?? null,
        origin: await bridge.readOrigin(context, body.device_name),
      });
      const sent = { address: storedAddress(body.email), intent: "signup", returnTo } as const;
      return result.kind === "sent"
        ? await answerSent(context, result, sent)
        : await answer(context, result);
    },

    "GET /confirm": async function confirm(context) {
      const query = readQuery(context, confirmQuery);
      const sent = await open(context, "sent", sealedSent);
      // A browser that asked for no mail gets a lost answer again by this cookie.
      await seal(context, "visit", {}, KEPT_ANSWER_SECONDS);
      const html = renderConfirmPage({
        tokenHash: query.token_hash,
        type: query.type,
        returnTo: sent?.returnTo ?? requireReturnTo(undefined),
      });
      return context.html(html, 200, CONFIRM_PAGE_HEADERS);
    },

    "POST /verify": async function verify(context) {
      const body = await readSchemaBody(context, verifyBody);
      return await once(context, body, async () => {
        const pending = await openPending(context);
        if ("consent" in body) {
          const origin = await bridge.readOrigin(context, undefined);
          const consent = { pending, account: body.account ?? null, origin };
          return await answer(context, await acceptAccount(dependencies, consent));
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
        if (result.kind === "signed_in" || result.kind === "pending") {
          forget(context, "sent");
          forget(context, "visit");
        }
        return await answer(context, result);
      });
    },
  };
}
