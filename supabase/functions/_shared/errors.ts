/**
 * Every error code of the HTTP API with its status and its message: the one list that handlers, the
 * OpenAPI document and the client's tests read. Names are Supabase Auth's where the meaning is the
 * same. Details of a failure go to the log, not into a message.
 *
 * @module
 */

import type { SessionEnd } from "./store/session_store.ts";

interface ErrorDefinition {
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 422 | 429 | 431 | 500 | 503;
  /** For people; no program reads it. */
  readonly message: string;
}

export const ERRORS = {
  session_revoked: { status: 401, message: "This session was signed out." },
  session_evicted: {
    status: 401,
    message: "This session made room for a newer one: too many devices were signed in.",
  },
  session_expired: { status: 401, message: "This session has expired." },
  session_not_found: { status: 401, message: "This session does not exist any more." },
  refresh_token_already_used: {
    status: 401,
    message: "This session was ended because its refresh token was used in two places.",
  },
  user_banned: { status: 401, message: "This user may not sign in." },

  access_token_missing: { status: 401, message: "No access token was sent." },
  access_token_invalid: { status: 401, message: "The access token is not valid." },
  access_token_expired: { status: 401, message: "The access token has expired." },
  access_token_superseded: {
    status: 401,
    message: "Another access token has taken the place of this one: refresh the session.",
  },
  grace_window_elapsed: {
    status: 401,
    message: "The access token expired longer ago than the grace window allows.",
  },
  refresh_token_missing: { status: 401, message: "No refresh token was sent." },
  refresh_token_invalid: { status: 401, message: "The refresh token is not valid." },
  unknown_generation: {
    status: 401,
    message: "The refresh token is newer than what the server knows of this session.",
  },
  proof_required: {
    status: 401,
    message:
      "This session is bound to a key: sign the challenge with it. The session is untouched.",
  },
  proof_key_unknown: {
    status: 401,
    message: "This session is bound to another key. The session is untouched.",
  },

  invalid_credentials: { status: 401, message: "The e-mail or the password is wrong." },
  bad_jwt: { status: 401, message: "Supabase Auth does not accept this access token." },
  email_not_confirmed: { status: 403, message: "The e-mail address is not confirmed yet." },
  mfa_required: {
    status: 403,
    message: "This user has a second factor: send its code to /mfa/verify.",
  },
  access_denied: { status: 403, message: "The project does not let this user in." },
  role_not_allowed: {
    status: 403,
    message: "Users of this role may not have a session here: see SESSION_ALLOWED_ROLES.",
  },
  return_to_not_allowed: { status: 400, message: "return_to is no path of an allowed origin." },
  address_invalid: { status: 422, message: "Supabase Auth takes no such address." },
  flow_state_not_found: {
    status: 403,
    message: "This browser has begun no sign-in that this could continue, or has finished it.",
  },
  flow_state_expired: {
    status: 403,
    message: "This sign-in has expired or was ended: begin again.",
  },
  otp_expired: { status: 403, message: "This code or link is wrong, was used, or has expired." },
  signup_disabled: { status: 422, message: "Nobody can sign up here." },
  email_provider_disabled: { status: 422, message: "Signing in by e-mail is switched off." },
  phone_provider_disabled: { status: 422, message: "Signing in by phone is switched off." },
  weak_password: { status: 422, message: "This password is too weak." },
  same_password: { status: 422, message: "This is the password that you have." },
  current_password_invalid: { status: 422, message: "The current password is wrong." },
  reauthentication_needed: {
    status: 403,
    message: "Send the current password, or sign in again: this session began too long ago.",
  },
  mfa_factor_not_found: { status: 404, message: "This user has no such second factor." },
  mfa_factor_not_supported: {
    status: 422,
    message: "Second factors of this kind cannot be used here.",
  },
  mfa_factor_name_conflict: { status: 422, message: "Another factor has this name." },
  too_many_enrolled_mfa_factors: { status: 422, message: "This user has too many factors." },
  mfa_challenge_expired: { status: 422, message: "Ask for a new code: this one has expired." },
  mfa_verification_failed: { status: 422, message: "This code is wrong, or was used." },
  too_many_passkeys: { status: 422, message: "This user has too many passkeys." },
  passkey_disabled: { status: 422, message: "Passkeys are switched off." },
  webauthn_challenge_not_found: { status: 422, message: "Ask for new options, and try again." },
  webauthn_challenge_expired: { status: 422, message: "Ask for new options, and try again." },
  webauthn_verification_failed: { status: 422, message: "This passkey was not accepted." },
  captcha_failed: { status: 400, message: "The CAPTCHA was not accepted." },
  over_request_rate_limit: { status: 429, message: "Too many attempts: try again later." },

  cross_site_request: {
    status: 403,
    message: "This request came from an origin that is not allowed.",
  },
  bad_json: { status: 400, message: "The body is not JSON." },
  validation_failed: { status: 400, message: "The request is not of the documented form." },
  payload_too_large: {
    status: 413,
    message: "The body is larger than 16 KiB, or than 144 KiB for an exchange.",
  },
  unsupported_media_type: { status: 415, message: "The body must be application/json." },
  headers_too_large: { status: 431, message: "The request's headers are too large." },
  not_found: { status: 404, message: "There is no such route." },
  method_not_allowed: { status: 405, message: "This route does not support that method." },

  service_unavailable: {
    status: 503,
    message: "A service this one depends on did not answer: try again. The session is untouched.",
  },
  unexpected_failure: { status: 500, message: "Something went wrong. The session is untouched." },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * The codes that say that a session has certainly ended, by what the database answers. Only these may
 * clear the browser's cookies: every other answer, a missing or malformed token included, may be somebody
 * else's doing.
 */
const SESSION_ENDED = {
  revoked: "session_revoked",
  evicted: "session_evicted",
  expired: "session_expired",
  not_found: "session_not_found",
  reused: "refresh_token_already_used",
  banned: "user_banned",
} as const satisfies Record<SessionEnd, ErrorCode>;

export type SessionEndedCode = typeof SESSION_ENDED[SessionEnd];

export const SESSION_ENDED_CODES: readonly SessionEndedCode[] = Object.values(SESSION_ENDED);

export function sessionEndedCode(end: SessionEnd): SessionEndedCode {
  return SESSION_ENDED[end];
}

/** Whether a code says that the session has certainly ended. */
export function isSessionEnded(code: ErrorCode): code is SessionEndedCode {
  return (SESSION_ENDED_CODES as readonly ErrorCode[]).includes(code);
}
