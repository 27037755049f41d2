/**
 * Passkeys: the options for a browser's dialogue, and what it answered.
 *
 * @module
 */

import {
  offerPasskeyRegistration,
  offerPasskeySignIn,
  verifyPasskey,
} from "../sign_in/passkeys.ts";
import { readSchemaBody } from "./request_body.ts";
import { passkeyBody, passkeyOptionsBody, sealedPasskey } from "./sign_in_schemas.ts";
import type { RoutesOf, SignInSteps } from "./sign_in_steps.ts";

const PASSKEY_SECONDS = 300;

export function createPasskeyRoutes(
  { dependencies, bridge, open, openPending, seal, forget, forgetChange, once, answer }:
    SignInSteps,
): RoutesOf<"POST /passkeys/options" | "POST /passkeys/verify"> {
  return {
    "POST /passkeys/options": async function offerPasskey(context) {
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
    },

    "POST /passkeys/verify": async function verifyPasskeyAnswer(context) {
      const body = await readSchemaBody(context, passkeyBody);
      return await once(context, body, async () => {
        const flow = await open(context, "passkey", sealedPasskey);
        const pending = await openPending(context);
        const { credential } = body;
        const origin = await bridge.readOrigin(context, body.device_name);
        // Right or wrong, the challenge is used up: an outage alone leaves it.
        const result = await verifyPasskey(dependencies, { flow, pending, credential, origin });
        if (flow !== null) forget(context, "passkey");
        // Its session of Supabase Auth has ended with the registration.
        if (flow?.registration) forgetChange(context, pending);
        if (result.kind !== "registered") return await answer(context, result);
        const { id, friendlyName, createdAt } = result.passkey;
        return context.json({ id, friendly_name: friendlyName, created_at: createdAt }, 201);
      });
    },
  };
}
