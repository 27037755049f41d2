/**
 * Ends sessions of Supabase Auth. Their refresh tokens go with them.
 *
 * @module
 */
import type postgres from "postgres";
import { AuthFailure } from "./errors.ts";

/** Whose sessions end. */
export type LogoutScope = "global" | "local" | "others";

/** @throws {AuthFailure} for any other word. */
export function parseLogoutScope(scope: string | null): LogoutScope {
  switch (scope) {
    case null:
    case "":
    case "global":
      return "global";
    case "local":
    case "others":
      return scope;
    default:
      throw new AuthFailure(400, "validation_failed", `Unsupported logout scope "${scope}"`);
  }
}

/** Without a session to speak of, every scope means all of the user's. */
export async function endSessions(
  sql: postgres.ISql,
  { userId, sessionId, scope }: {
    userId: string;
    sessionId: string | undefined;
    scope: LogoutScope;
  },
): Promise<void> {
  const which = sessionId === undefined || scope === "global"
    ? sql`sessions.user_id = ${userId}`
    : scope === "local"
    ? sql`sessions.id = ${sessionId}` // of any user, as in Supabase Auth
    : sql`sessions.user_id = ${userId} and sessions.id <> ${sessionId}`;
  await sql`delete from auth.sessions as sessions where ${which}`;
}
