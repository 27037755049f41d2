/**
 * The sign-in routes for the OpenAPI document.
 *
 * @module
 */

import { SESSION_ENDED_CODES } from "../errors.ts";
import {
  BODY_REFUSALS,
  type JsonAnswer,
  LIVE_ACCESS_TOKEN,
  type Operation,
} from "./openapi_operations.ts";
import { sessionView } from "./schemas.ts";
import {
  authorizeQuery,
  callbackQuery,
  cancelBody,
  cancelledView,
  challengeBody,
  challengeView,
  confirmQuery,
  enrollBody,
  enrolledView,
  factorBody,
  otpBody,
  ownFactorsView,
  passkeyBody,
  passkeyOptionsBody,
  passkeyOptionsView,
  passkeyView,
  passwordBody,
  pendingView,
  recoverBody,
  removedView,
  removeFactorBody,
  sentView,
  signupBody,
  verifyBody,
} from "./sign_in_schemas.ts";

const SESSION: JsonAnswer = { name: "SessionView", schema: sessionView, setsCookies: true };
const SENT: JsonAnswer = { status: 202, name: "Sent", schema: sentView };
const PENDING: JsonAnswer = { status: 202, name: "PendingSignIn", schema: pendingView };

const ALWAYS = ["over_request_rate_limit", "service_unavailable"] as const;
const FLOW = [
  "flow_state_not_found",
  "flow_state_expired",
  "access_denied",
  "role_not_allowed",
] as const;
const MESSAGE = [
  ...BODY_REFUSALS,
  "return_to_not_allowed",
  "address_invalid",
  "captcha_failed",
  ...ALWAYS,
] as const;
const CODE = [
  "mfa_factor_not_found",
  "mfa_factor_not_supported",
  "mfa_challenge_expired",
  "mfa_verification_failed",
] as const;
/** Of a change that signed-in users make to their account. */
const OWN = [
  ...SESSION_ENDED_CODES,
  ...LIVE_ACCESS_TOKEN,
  "reauthentication_needed",
  "current_password_invalid",
  "mfa_required",
] as const;
const PASSWORD = ["weak_password", "same_password"] as const;

export const SIGN_IN_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: "/unified-auth/authorize",
    operationId: "authorize",
    summary: "Begin to sign in by OAuth: a link, not a call",
    query: authorizeQuery,
    answer: null,
    alternatives: [
      { status: 302, page: "redirect" },
      { status: 303, page: "redirect" },
      { status: 503, page: "html" },
    ],
    sealsCookies: true,
    refusals: ["validation_failed", "return_to_not_allowed"],
  },
  {
    method: "get",
    path: "/unified-auth/callback",
    operationId: "callback",
    summary: "Where Supabase Auth sends the browser back to",
    query: callbackQuery,
    answer: null,
    alternatives: [{ status: 303, page: "redirect" }, { status: 503, page: "html" }],
    sealsCookies: true,
    refusals: ["validation_failed"],
  },
  {
    method: "get",
    path: "/unified-auth/confirm",
    operationId: "confirm",
    summary: "The page behind a mail's link; redeems nothing",
    query: confirmQuery,
    answer: null,
    alternatives: [{ status: 200, page: "html" }],
    refusals: ["validation_failed"],
  },
  {
    method: "post",
    path: "/unified-auth/otp",
    operationId: "sendOtp",
    summary: "Send a code or a link; known and unknown addresses are answered alike",
    body: { schema: otpBody, example: { email: "ada@example.com", return_to: "/" } },
    answer: SENT,
    sealsCookies: true,
    refusals: [...MESSAGE, "email_provider_disabled", "phone_provider_disabled"],
  },
  {
    method: "post",
    path: "/unified-auth/verify",
    operationId: "verify",
    summary: "Redeem a code or a link, or consent to the account of one",
    body: { schema: verifyBody, example: { email: "ada@example.com", token: "123456" } },
    answer: SESSION,
    alternatives: [PENDING],
    sealsCookies: true,
    refusals: [...BODY_REFUSALS, "otp_expired", "mfa_required", ...FLOW, ...ALWAYS],
  },
  {
    method: "post",
    path: "/unified-auth/cancel",
    operationId: "cancelSignIn",
    summary: "End at once what waits for a consent, a factor or a password",
    body: { schema: cancelBody, example: {} },
    answer: { name: "CancelledSignIn", schema: cancelledView },
    sealsCookies: true,
    refusals: BODY_REFUSALS,
  },
  {
    method: "post",
    path: "/unified-auth/signup",
    operationId: "signUp",
    summary: "Sign up; known and unknown addresses are answered alike",
    body: {
      schema: signupBody,
      example: { email: "lin@example.com", password: "correct-horse-battery-staple" },
    },
    answer: SESSION,
    alternatives: [SENT],
    sealsCookies: true,
    refusals: [
      ...MESSAGE,
      "email_provider_disabled",
      "signup_disabled",
      "weak_password",
      "mfa_required",
      ...FLOW,
    ],
  },
  {
    method: "post",
    path: "/unified-auth/recover",
    operationId: "recover",
    summary: "Send a link to choose a new password",
    body: { schema: recoverBody, example: { email: "ada@example.com" } },
    answer: SENT,
    sealsCookies: true,
    refusals: [...MESSAGE, "email_provider_disabled"],
  },
  {
    method: "put",
    path: "/unified-auth/password",
    operationId: "changePassword",
    summary: "End a recovery or a sign-up, or change the signed-in user's password",
    body: {
      schema: passwordBody,
      example: {
        current_password: "correct-horse-battery-staple",
        password: "another-horse-battery-staple",
      },
    },
    answer: SESSION,
    sealsCookies: true,
    refusals: [...BODY_REFUSALS, ...PASSWORD, ...OWN, ...FLOW, ...ALWAYS],
  },
  {
    method: "post",
    path: "/unified-auth/mfa/challenge",
    operationId: "challengeFactor",
    summary: "List the factors of a half-done sign-in, or send a code to a phone",
    body: { schema: challengeBody, example: {} },
    answer: { name: "FactorChallenge", schema: challengeView },
    sealsCookies: true,
    refusals: [...BODY_REFUSALS, ...CODE, ...FLOW, ...ALWAYS],
  },
  {
    method: "post",
    path: "/unified-auth/mfa/verify",
    operationId: "verifyFactor",
    summary: "Answer with the code of a second factor",
    body: {
      schema: factorBody,
      example: { factor_id: "00000000-0000-4000-8000-000000000000", code: "123456" },
    },
    answer: SESSION,
    alternatives: [PENDING],
    sealsCookies: true,
    refusals: [...BODY_REFUSALS, ...CODE, ...FLOW, ...ALWAYS],
  },
  {
    method: "get",
    path: "/unified-auth/mfa/factors",
    operationId: "listFactors",
    summary: "The second factors of the signed-in user",
    answer: { name: "OwnFactors", schema: ownFactorsView },
    refusals: [...SESSION_ENDED_CODES, ...LIVE_ACCESS_TOKEN, ...ALWAYS],
  },
  {
    method: "post",
    path: "/unified-auth/mfa/factors",
    operationId: "enrollFactor",
    summary: "Enroll a second factor of the signed-in user",
    body: { schema: enrollBody, example: { factor_type: "totp", friendly_name: "Phone" } },
    answer: { name: "EnrolledFactor", schema: enrolledView },
    sealsCookies: true,
    refusals: [
      ...BODY_REFUSALS,
      ...OWN,
      "mfa_factor_name_conflict",
      "mfa_factor_not_supported",
      "too_many_enrolled_mfa_factors",
      ...FLOW,
      ...ALWAYS,
    ],
  },
  {
    method: "delete",
    path: "/unified-auth/mfa/factors/{id}",
    operationId: "removeFactor",
    summary: "Remove a second factor of the signed-in user",
    body: { schema: removeFactorBody, example: {} },
    answer: { name: "RemovedFactor", schema: removedView },
    sealsCookies: true,
    refusals: [...BODY_REFUSALS, ...OWN, "mfa_factor_not_found", ...FLOW, ...ALWAYS],
  },
  {
    method: "post",
    path: "/unified-auth/passkeys/options",
    operationId: "passkeyOptions",
    summary: "Options to sign in by passkey, or to register one",
    body: { schema: passkeyOptionsBody, example: { purpose: "sign_in" } },
    answer: { name: "PasskeyOptions", schema: passkeyOptionsView },
    sealsCookies: true,
    refusals: [...BODY_REFUSALS, ...OWN, "passkey_disabled", ...FLOW, ...ALWAYS],
  },
  {
    method: "post",
    path: "/unified-auth/passkeys/verify",
    operationId: "verifyPasskey",
    summary: "Answer with the passkey's credential",
    body: {
      schema: passkeyBody,
      example: { credential: { id: "AAAA", type: "public-key", response: {} } },
    },
    answer: SESSION,
    alternatives: [{ status: 201, name: "Passkey", schema: passkeyView }],
    sealsCookies: true,
    refusals: [
      ...BODY_REFUSALS,
      "webauthn_challenge_not_found",
      "webauthn_challenge_expired",
      "webauthn_verification_failed",
      "passkey_disabled",
      "mfa_required",
      ...FLOW,
      ...ALWAYS,
    ],
  },
];
