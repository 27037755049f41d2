/**
 * The backend's JSON in the client's words: the session view, the list of devices, and the error codes
 * that end a session. JSON of any other form is not the backend's answer, and a 401 without one of
 * these codes proves nothing.
 *
 * @module
 */

import type { RejectReason, SessionUser, Valid } from "./outcome.ts";

/**
 * The user, with the names that Supabase Auth has. An app may declare its users' metadata.
 *
 * @example
 * ```ts
 * import { createAuthClient, type UnifiedAuthUser } from "@unified-auth/client";
 *
 * interface Member extends UnifiedAuthUser {
 *   readonly user_metadata: { readonly name: string };
 * }
 * const auth = createAuthClient<Member>({ baseUrl: "/functions/v1/unified-auth" });
 * console.log(auth.user?.user_metadata.name);
 * ```
 */
export interface UnifiedAuthUser {
  /** As in `auth.users`. */
  readonly id: string;
  /** Null where the user has none. */
  readonly email: string | null;
  /** Null where the user has none. */
  readonly phone: string | null;
  /** Whether they have signed in without an identity so far. */
  readonly is_anonymous: boolean;
  /** Of the database, `authenticated` as a rule. */
  readonly role: string | null;
  /** Only the project may change it. */
  readonly app_metadata: Readonly<Record<string, unknown>>;
  /** The user may change it. */
  readonly user_metadata: Readonly<Record<string, unknown>>;
  /** Where the user's metadata is larger than 16 KiB, and left out. */
  readonly user_metadata_omitted?: true;
}

/**
 * One signed-in browser or device. Times are RFC 3339, by the server's clock, for display only.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const outcome = await auth.devices.list();
 * if (outcome.kind === "listed") {
 *   for (const device of outcome.devices) console.log(device.deviceName ?? device.device);
 * }
 * ```
 */
export interface SessionEntry {
  /** For `auth.devices.end`. */
  readonly id: string;
  /** Whether it is this browser's own. */
  readonly current: boolean;
  /** When somebody signed in there. */
  readonly createdAt: string;
  /** When it was last used, to within some minutes. */
  readonly lastActiveAt: string;
  /** The name that the person gave it. */
  readonly deviceName: string | null;
  /** Such as "Firefox on Linux", of the last refresh. */
  readonly device: string | null;
  /** The address of the last refresh. */
  readonly ip: string | null;
  /** How the person signed in: `aal1`, or `aal2` with a second factor. */
  readonly aal: string;
}

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** The session view as an outcome; undefined when `body` is none. The app says what its users carry. */
export function validOf<U extends SessionUser>(body: Json | null): Valid<U> | undefined {
  const { valid, refreshed, user, session, access_token, server_time } = body ?? {};
  if (valid !== true || !isObject(user) || !isObject(session)) return undefined;
  const {
    id,
    generation,
    created_at,
    access_token_expires_in,
    refresh_token_expires_in,
    challenge,
  } = session;
  if (
    typeof user["id"] !== "string" || typeof id !== "string" || typeof generation !== "number" ||
    typeof access_token_expires_in !== "number" || typeof refresh_token_expires_in !== "number"
  ) return undefined;
  // Both by the server's clock, which may differ from this device's by hours.
  const sessionAgeMs = Date.parse(String(server_time)) - Date.parse(String(created_at));
  return {
    kind: "valid",
    user: user as unknown as U,
    sessionId: id,
    generation,
    refreshed: refreshed === true,
    accessExpiresInMs: access_token_expires_in * 1000,
    sessionEndsInMs: refresh_token_expires_in * 1000,
    sessionAgeMs: sessionAgeMs >= 0 ? sessionAgeMs : undefined,
    accessToken: typeof access_token === "string" ? access_token : undefined,
    challenge: typeof challenge === "string" ? challenge : undefined,
  };
}

/** The list of sessions; undefined when `body` is none. */
export function sessionEntriesOf(body: Json | null): readonly SessionEntry[] | undefined {
  const sessions = body?.["sessions"];
  if (!Array.isArray(sessions) || !sessions.every(isObject)) return undefined;
  return sessions.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [camelCase(name), value]),
    ) as unknown as SessionEntry
  );
}

function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether a JSON value is an object or a list. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null;
}

/** The session is certainly over, and why. */
export const SESSION_ENDED_REASONS = {
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

/** The meaning of a 401 with `code` for the session; undefined when it has none. */
export function rejectReasonOf(code: unknown): RejectReason | undefined {
  const reasons: ReadonlyMap<unknown, RejectReason> = new Map<unknown, RejectReason>([
    ...Object.entries(SESSION_ENDED_REASONS),
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
