/**
 * The tables that sign-ins and sessions leave rows in, for tests that share a project and must find
 * nothing of each other.
 *
 * @module
 */

import type postgres from "postgres";

/** Each with columns that order its rows. */
export const SESSION_TABLES = [
  ["public.sessions", "created_at, id"],
  ["public.session_events", "id"],
  ["unified_auth.login_throttle", "bucket"],
  ["unified_auth.sign_in_claims", "claim"],
  ["unified_auth.password_changes", "announced_at"],
  ["unified_auth.changed_passwords", "user_id"],
] as const;

/**
 * Empties them. The users stay.
 *
 * @param admin a superuser
 */
export async function emptySessionTables(admin: postgres.Sql): Promise<void> {
  const names = SESSION_TABLES.map(([table]) => table).join(", ");
  await admin.unsafe(`truncate ${names} restart identity`);
}
