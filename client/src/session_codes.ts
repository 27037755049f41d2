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
  refresh_token_reused: "reused",
  user_banned: "banned",
} as const satisfies Readonly<Record<string, RejectReason>>;

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
  const reasons: ReadonlyMap<unknown, RejectReason> = new Map(Object.entries(SESSION_OVER_REASONS));
  return (NO_SESSION_CODES as readonly unknown[]).includes(code) ? "no-session" : reasons.get(code);
}

/** PostgREST's: JWT not decodable, JWT claims refused (expired). */
const POSTGREST_TOKEN_CODES: readonly unknown[] = ["PGRST301", "PGRST303"];

/**
 * Whether a 401 of the app's own API means that the access token was refused, and not that a right
 * is missing: by a code of this backend or of PostgREST, or by RFC 6750 section 3.1.
 */
export async function isTokenRefused(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  if (/error="?invalid_token/.test(response.headers.get("www-authenticate") ?? "")) return true;
  const code = (await readJson(response.clone()))?.["code"];
  return rejectReasonOf(code) !== undefined || POSTGREST_TOKEN_CODES.includes(code);
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
