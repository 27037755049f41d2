/**
 * Supabase Auth's refusals as ours. A code that is not listed goes to the log only.
 *
 * @module
 */

import type { ErrorCode } from "../errors.ts";
import type { SignInRefusal, SignInThrottled } from "./advance.ts";
import type { ProviderAnswer } from "../identity/sign_in_provider.ts";

/** Those that end a half-done sign-in: its session there has ended. */
const ENDS_THE_FLOW: ReadonlySet<string> = new Set([
  "bad_jwt",
  "no_authorization",
  "session_not_found",
  "session_expired",
  "user_banned",
  "user_not_found",
  "flow_state_expired",
  "flow_state_not_found",
  "flow_state_already_used",
]);

const SAME_NAME = [
  "captcha_failed",
  "email_provider_disabled",
  "mfa_challenge_expired",
  "mfa_factor_name_conflict",
  "mfa_factor_not_found",
  "mfa_verification_failed",
  "otp_expired",
  "passkey_disabled",
  "phone_provider_disabled",
  "same_password",
  "signup_disabled",
  "too_many_enrolled_mfa_factors",
  "too_many_passkeys",
  "weak_password",
  "webauthn_challenge_expired",
  "webauthn_challenge_not_found",
  "webauthn_verification_failed",
] as const satisfies readonly ErrorCode[];

/** Of an address that Supabase Auth's own check refuses: the form of the body was right. */
export function addressRefusalCode(code: string): ErrorCode {
  return code === "validation_failed" ? "address_invalid" : refusalCode(code);
}

/** Of a new password: over 72 bytes, which bcrypt would cut, it is refused as a form that is not right. */
export function passwordRefusalCode(code: string): ErrorCode {
  return code === "validation_failed" ? "weak_password" : refusalCode(code);
}

/** Supabase Auth's refusal or failure as the answer to the person. */
export function refuseAnswer(
  answer: Exclude<ProviderAnswer<unknown>, { kind: "ok" }>,
): SignInRefusal | SignInThrottled {
  return answer.kind === "refused"
    ? { kind: "refused", code: refusalCode(answer.code) }
    : { kind: "throttled", retryAfterSeconds: answer.retryAfterSeconds };
}

/** The code that is answered. */
export function refusalCode(code: string): ErrorCode {
  if (ENDS_THE_FLOW.has(code)) return "flow_state_expired";
  switch (code) {
    case "current_password_required":
      return "reauthentication_needed";
    case "current_password_invalid":
    case "mfa_phone_enroll_not_enabled":
    case "mfa_totp_enroll_not_enabled":
    case "mfa_webauthn_enroll_not_enabled":
      return code === "current_password_invalid" ? code : "mfa_factor_not_supported";
    default:
      return SAME_NAME.find((name) => name === code) ?? "access_denied";
  }
}
