/**
 * The tables that sign-ins and sessions leave rows in: emptied for tests that share a project and must find
 * nothing of each other, and read.
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

/** The events of a session, the oldest first. */
export async function readEvents(sql: postgres.Sql, sessionId: string): Promise<readonly string[]> {
  const rows = await sql<{ event: string }[]>`
    select e.event from public.session_events as e where e.session_id = ${sessionId} order by e.id`;
  return rows.map(({ event }) => event);
}

/** How many of them are such. */
export async function countEvents(
  sql: postgres.Sql,
  sessionId: string,
  event: string,
): Promise<number> {
  return (await readEvents(sql, sessionId)).filter((each) => each === event).length;
}
