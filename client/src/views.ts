/**
 * What the backend's JSON says, in the client's words. Whatever is not of the documented form is not
 * the backend's answer. It must not know how the JSON came.
 *
 * @module
 */

import type { Valid } from "./outcome.ts";

/** The user as Unified Auth shows it; names as Supabase Auth has them. */
export interface UnifiedAuthUser {
  readonly id: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly app_metadata: Readonly<Record<string, unknown>>;
  readonly user_metadata: Readonly<Record<string, unknown>>;
}

/** One signed-in browser or device. Times are RFC 3339, by the server's clock, to be shown only. */
export interface SessionEntry {
  readonly id: string;
  readonly current: boolean;
  readonly createdAt: string;
  readonly lastActiveAt: string;
  readonly refreshTokenExpiresAt: string;
  readonly deviceName: string | null;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly aal: string;
}

type Json = Readonly<Record<string, unknown>>;

/** The session view as an outcome; undefined when `body` is none. */
export function validOf(body: Json | null): Valid<UnifiedAuthUser> | undefined {
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
    user: user as unknown as UnifiedAuthUser,
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
