/**
 * The doctor's findings: a closed list of checks, four statuses, and for each finding a sentence and a
 * remedy.
 *
 * @module
 */

import { plainText } from "../plain_text.ts";

/** In the order in which they are made and printed. */
export const CHECK_IDS = [
  "functions_answer",
  "expired_bearer",
  "answers_fresh",
  "app_origin",
  "other_origin",
  "sign_in",
  "cookies_arrive",
  "cookie_attributes",
  "cookie_party",
  "session_binding",
  "clock_skew",
  "signing_key",
  "client_address", // signs in once more, which ends the session that the checks before it look at
  "migrations",
  "schema",
  "event_ids",
  "grants",
  "sign_out",
] as const;

export type CheckId = typeof CHECK_IDS[number];

export type Status = "ok" | "warning" | "failed" | "not_checked";

/** The result of one check. */
export interface Result {
  readonly result: Status;
  /** The finding in a sentence. */
  readonly message: string;
  /** The next step. Null where all is well. */
  readonly remedy: string | null;
}

export interface Finding extends Result {
  readonly check: CheckId;
}

export function ok(message: string): Result {
  return { result: "ok", message, remedy: null };
}

export function warning(message: string, remedy: string): Result {
  return { result: "warning", message, remedy };
}

export function failed(message: string, remedy: string): Result {
  return { result: "failed", message, remedy };
}

export function notChecked(message: string, remedy: string): Result {
  return { result: "not_checked", message, remedy };
}

const MAX_QUOTE_LENGTH = 80;

/**
 * Somebody else's words, fit for a terminal: in quotes, cut, and without what moves the cursor. Never
 * give it a cookie's value or a token.
 */
export function quote(text: string): string {
  return `"${plainText(text, MAX_QUOTE_LENGTH)}"`;
}
