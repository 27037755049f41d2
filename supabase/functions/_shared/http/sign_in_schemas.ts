/**
 * The shapes of the sign-in routes: queries, bodies and answers, and what is sealed between two of them.
 *
 * @module
 */

import * as z from "zod";
import type { SessionId, UserId } from "../brands.ts";
import type { IdentityToken } from "../identity/identity_provider.ts";
import {
  captchaToken,
  deviceName,
  email,
  factorView,
  noControls,
  password,
  text,
} from "./schemas.ts";

const phone = z.string().regex(/^\+?[0-9]{6,15}$/);
const returnTo = text({ max: 2000, pattern: /^[!-~]+$/ }).meta({
  description: "A path, or a URL of an allowed origin.",
});
const factorId = z.guid();

export const authorizeQuery = z.strictObject({
  provider: z.string().regex(/^[A-Za-z0-9_:-]{1,64}$/),
  return_to: returnTo.optional(),
  scopes: z.string().regex(/^[A-Za-z0-9 ._:/,-]{1,500}$/).optional(),
  login_hint: text({ max: 320, pattern: noControls }).optional(),
});

/** Anything else that comes along is left unread. */
export const callbackQuery = z.object({
  code: z.string().regex(/^[A-Za-z0-9_-]{1,200}$/).optional(),
  error: z.string().optional(),
  error_code: z.string().optional(),
});

export const confirmQuery = z.object({
  token_hash: z.string().regex(/^[A-Za-z0-9_-]{16,200}$/),
  type: z.enum(["email", "magiclink", "recovery", "signup", "invite"]),
});

const messageOptions = {
  captcha_token: captchaToken.optional(),
  return_to: returnTo.optional(),
};

const emailOtp = z.strictObject({
  email,
  create_user: z.boolean().default(false),
  ...messageOptions,
}).meta({ title: "By e-mail" });

const phoneOtp = z.strictObject({
  phone,
  create_user: z.boolean().default(false),
  ...messageOptions,
}).meta({ title: "By text message" });

export const otpBody = z.union([emailOtp, phoneOtp]);

export const recoverBody = z.strictObject({ email, ...messageOptions });

export const signupBody = z.strictObject({
  email,
  password,
  device_name: deviceName.optional(),
  ...messageOptions,
});

const digits = z.string().regex(/^[0-9]{6,10}$/);

const hashVerification = z.strictObject({
  token_hash: confirmQuery.shape.token_hash,
  type: confirmQuery.shape.type,
  device_name: deviceName.optional(),
}).meta({ title: "A link's hash" });

const emailVerification = z.strictObject({
  email,
  token: digits,
  type: confirmQuery.shape.type.default("email"),
  device_name: deviceName.optional(),
}).meta({ title: "A code from a mail" });

const phoneVerification = z.strictObject({
  phone,
  token: digits,
  type: z.literal("sms").default("sms"),
  device_name: deviceName.optional(),
}).meta({ title: "A code from a text message" });

const account = z.object({ email: z.string().nullable(), phone: z.string().nullable() });

const consent = z.strictObject({
  consent: z.literal(true),
  account: account.optional().meta({
    description: "The account that the question named. No other one is signed in then.",
  }),
})
  .meta({ title: "Yes, this is my account" });

export const cancelBody = z.strictObject({});

export const cancelledView = z.object({ cancelled: z.literal(true) });

export const verifyBody = z.union([
  hashVerification,
  emailVerification,
  phoneVerification,
  consent,
]);

export const passwordBody = z.strictObject({
  password,
  current_password: password.optional(),
  device_name: deviceName.optional(),
});

export const challengeBody = z.strictObject({
  factor_id: factorId.optional().meta({ description: "Without it the factors are listed." }),
});

export const factorBody = z.strictObject({
  factor_id: factorId,
  code: digits,
  device_name: deviceName.optional(),
});

export const enrollBody = z.strictObject({
  factor_type: z.enum(["totp", "phone"]),
  friendly_name: text({ max: 100, pattern: noControls }),
  phone: phone.optional(),
  current_password: password.optional(),
});

export const removeFactorBody = z.strictObject({ current_password: password.optional() });

export const passkeyOptionsBody = z.strictObject({
  purpose: z.enum(["sign_in", "registration"]).default("sign_in"),
  current_password: password.optional(),
});

const base64url = z.string().regex(/^[A-Za-z0-9_-]{1,8000}$/);

export const passkeyBody = z.strictObject({
  credential: z.looseObject({ id: base64url, response: z.looseObject({}) }).meta({
    description: "The credential as JSON (WebAuthn Level 3, `PublicKeyCredential.toJSON()`).",
  }),
  device_name: deviceName.optional(),
});

export const sentView = z.object({
  status: z.literal("sent"),
  message: z.string(),
});

/** Nobody is signed in yet. */
export const pendingView = z.object({
  status: z.enum(["consent_required", "password_required", "reauthenticated"]),
  account,
});

export const challengeView = z.object({ factors: z.array(factorView), sent: z.boolean() });

export const enrolledView = z.object({
  factor: factorView,
  totp: z.object({ qr_code: z.string(), secret: z.string(), uri: z.string() }).nullable(),
});

export const ownFactorsView = z.object({
  factors: z.array(factorView.extend({
    status: z.enum(["verified", "unverified"]).meta({
      description: "Unverified: its first code never came, and no sign-in asks for it.",
    }),
    created_at: z.string(),
  })),
});

export const removedView = z.object({ removed: z.literal(true) });

export const passkeyOptionsView = z.object({
  options: z.record(z.string(), z.unknown()),
});

export const passkeyView = z.object({
  id: z.string(),
  friendly_name: z.string().nullable(),
  created_at: z.string(),
});

const sealedFactorType = z.enum(["totp", "phone", "webauthn"]);

const providerSession = z.object({
  identity: z.object({
    userId: z.string().transform((id) => id as UserId),
    aal: z.string(),
    amr: z.array(z.json()),
    hasVerifiedFactor: z.boolean(),
    token: z.string().transform((token) => token as IdentityToken),
    identitySessionId: z.string().nullable(),
  }),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  factors: z.array(
    z.object({ id: z.string(), type: sealedFactorType, friendlyName: z.string().nullable() }),
  ),
  justConfirmedAt: z.string().nullable(),
});

const sessionId = z.string().transform((id) => id as SessionId);

/** Sealed by us, but perhaps by another version of this code. */
export const sealedPending = z.object({
  flow: z.string(),
  intent: z.enum(["sign_in", "recovery", "signup", "change"]),
  awaits: z.enum(["consent", "factor", "password", "change", "enrollment", "session"]),
  session: providerSession,
  openedBy: z.string().nullable(),
  challenge: z.object({
    factorId: z.string(),
    challengeId: z.string(),
    ip: z.string().nullable(),
  }).nullable(),
  ownSessionId: sessionId.nullable(),
  deviceName: z.string().nullable(),
});

/** Verifier and `return_to`. Short, as a browser may carry twenty: the id is in the cookie's name. */
export const sealedFlow = z.tuple([z.string(), z.string()]);

export const sealedSent = z.object({
  address: z.string(),
  intent: z.enum(["sign_in", "recovery", "signup"]),
  returnTo: z.string(),
});

export const sealedPasskey = z.object({
  challengeId: z.string(),
  registration: z.object({ session: providerSession, ownSessionId: sessionId }).nullable(),
});
