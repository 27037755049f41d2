/**
 * The password and the second factors of a person who is signed in, or about to be.
 *
 * @module
 */

import { enrollOwnFactor, listOwnFactors, removeOwnFactor } from "../sign_in/own_factors.ts";
import { awaitsPassword, changeOwnPassword, choosePassword } from "../sign_in/password.ts";
import { challengeFactor, verifyFactor } from "../sign_in/second_factor.ts";
import { readSchemaBody } from "./request_body.ts";
import { RequestError } from "./request_error.ts";
import { requireId } from "./route_path.ts";
import {
  cancelBody,
  challengeBody,
  enrollBody,
  factorBody,
  passwordBody,
  removeFactorBody,
} from "./sign_in_schemas.ts";
import { addLogFields } from "./envelope.ts";
import { renderFactor, renderFactors, type RoutesOf, type SignInSteps } from "./sign_in_steps.ts";

export function createAccountRoutes(
  {
    dependencies,
    bridge,
    openPending,
    forgetChange,
    giveUp,
    sealPending,
    once,
    answer,
  }: SignInSteps,
): RoutesOf<
  | "POST /cancel"
  | "PUT /password"
  | "POST /mfa/challenge"
  | "POST /mfa/verify"
  | "GET /mfa/factors"
  | "POST /mfa/factors"
  | "DELETE /mfa/factors/:id"
> {
  return {
    "POST /cancel": async function cancel(context) {
      await readSchemaBody(context, cancelBody);
      await giveUp(context);
      return context.json({ cancelled: true });
    },

    "PUT /password": async function changePassword(context) {
      const body = await readSchemaBody(context, passwordBody);
      const { password } = body;
      const pending = await openPending(context);
      const origin = await bridge.readOrigin(context, body.device_name);
      // Who sends the current password means their own: a half-done recovery may be somebody else's.
      if (awaitsPassword(pending) && body.current_password === undefined) {
        return await once(context, body, async () =>
          await answer(
            context,
            await choosePassword(dependencies, { pending, password, origin }),
          ));
      }
      const own = await bridge.requireOwn(context);
      const currentPassword = body.current_password ?? null;
      const change = { own, pending, currentPassword, password, origin };
      const result = await changeOwnPassword(dependencies, change);
      if (result.kind !== "changed") return await answer(context, result);
      forgetChange(context, pending);
      addLogFields(context, { outcome: "password_changed", session_id: own.session.sessionId });
      return await bridge.answerOwn(context, own);
    },

    "POST /mfa/challenge": async function challenge(context) {
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
    },

    "POST /mfa/verify": async function verifySecondFactor(context) {
      const body = await readSchemaBody(context, factorBody);
      return await once(context, body, async () => {
        const result = await verifyFactor(dependencies, {
          pending: await openPending(context),
          factorId: body.factor_id,
          code: body.code,
          origin: await bridge.readOrigin(context, body.device_name),
        });
        return await answer(context, result);
      });
    },

    "GET /mfa/factors": async function listFactors(context) {
      const own = await bridge.requireOwn(context);
      const result = await listOwnFactors(dependencies, {
        own,
        context: context.get("requestContext"),
      });
      if (result.kind !== "listed") return await answer(context, result);
      const factors = result.factors.map(({ isVerified, createdAt, ...factor }) => ({
        ...renderFactor(factor),
        status: isVerified ? "verified" : "unverified",
        created_at: createdAt,
      }));
      return context.json({ factors });
    },

    "POST /mfa/factors": async function enroll(context) {
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
      const { totp } = result.factor;
      return context.json({
        factor: renderFactor(result.factor),
        totp: totp && { qr_code: totp.qrCode, secret: totp.secret, uri: totp.uri },
      });
    },

    "DELETE /mfa/factors/:id": async function removeFactor(context) {
      const body = await readSchemaBody(context, removeFactorBody);
      const factorId = requireId(context);
      const pending = await openPending(context);
      const result = await removeOwnFactor(dependencies, {
        own: await bridge.requireOwn(context),
        pending,
        currentPassword: body.current_password ?? null,
        origin: await bridge.readOrigin(context, undefined),
        factorId,
      });
      if (result.kind !== "removed") return await answer(context, result);
      forgetChange(context, pending);
      return context.json({ removed: true });
    },
  };
}
