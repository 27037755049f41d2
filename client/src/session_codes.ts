/**
 * The error codes by which the backend says *no*. They are its own list (a test compares the two):
 * a 401 without one of them comes from somebody else, and proves nothing.
 *
 * @module
 */

import type { RejectReason } from "./outcome.ts";

/** The session is certainly over, and why. */
export const SESSION_OVER_REASONS = {
  session_revoked: "revoked",
  session_evicted: "evicted",
  session_expired: "expired",
  session_not_found: "not-found",
  refresh_token_already_used: "reused",
  user_banned: "banned",
} as const satisfies Readonly<Record<string, RejectReason>>;

/** Refusals of a proof. Neither touches a cookie. */
export const PROOF_CODES = {
  /** A new challenge comes with it. */
  required: "proof_required",
  keyUnknown: "proof_key_unknown",
} as const;

/** The access token is of a branch that lost; the session may live. */
export const ACCESS_TOKEN_SUPERSEDED = "access_token_superseded";

/** This browser showed nothing that the server could use. */
export const NO_SESSION_CODES = [
  "access_token_missing",
  "access_token_invalid",
  "access_token_expired",
  "refresh_token_missing",
  "refresh_token_invalid",
  "unknown_generation",
] as const;

/** What a 401 with `code` says of the session; undefined when it says nothing. */
export function rejectReasonOf(code: unknown): RejectReason | undefined {
  const reasons: ReadonlyMap<unknown, RejectReason> = new Map<unknown, RejectReason>([
    ...Object.entries(SESSION_OVER_REASONS),
    [PROOF_CODES.keyUnknown, "key-lost"],
  ]);
  return (NO_SESSION_CODES as readonly unknown[]).includes(code) ? "no-session" : reasons.get(code);
}

/** Ours, and PostgREST's: JWT not decodable, JWT claims refused (expired). */
const REFUSED_TOKEN_CODES: readonly unknown[] = [ACCESS_TOKEN_SUPERSEDED, "PGRST301", "PGRST303"];

/**
 * Whether a 401 of the app's own API means that the access token was refused, and not that a right
 * is missing: by a code of this backend or of PostgREST, or by RFC 6750 section 3.1.
 */
export async function isTokenRefused(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  if (/error="?invalid_token/.test(response.headers.get("www-authenticate") ?? "")) return true;
  const code = (await readJson(response.clone()))?.["code"];
  return rejectReasonOf(code) !== undefined || REFUSED_TOKEN_CODES.includes(code);
}

/** The body as a JSON object; null when it is anything else. */
export async function readJson(
  response: Response,
): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    const body: unknown = JSON.parse(await response.text());
    return typeof body === "object" ? body as Readonly<Record<string, unknown>> : null;
  } catch {
    return null;
  }
}
