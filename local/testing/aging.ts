/**
 * Time that passes for one session, or for the login throttle: rows are moved into the past, so that
 * everything in them is as old as if the time had passed. Clocks are not faked: what judges the age is
 * the database's own.
 *
 * @module
 */

import type postgres from "postgres";

/** Lets `seconds` pass for a session. */
export async function ageSession(
  sql: postgres.Sql,
  sessionId: string,
  seconds: number,
): Promise<void> {
  await ageSessions(sql, sql`s.id = ${sessionId}`, seconds);
  const interval = `${seconds} seconds`;
  await sql`
    update public.session_events as e
    set occurred_at = e.occurred_at - ${interval}::interval
    where e.session_id = ${sessionId}
  `;
}

/** Lets `seconds` pass for every session. */
export async function ageEverySession(sql: postgres.Sql, seconds: number): Promise<void> {
  for (const { id } of await sql<{ id: string }[]>`select s.id from public.sessions as s`) {
    await ageSession(sql, id, seconds);
  }
}

/** Lets `seconds` pass for all sessions of a user, but not for what was recorded of them. */
export async function ageSessionsOfUser(
  sql: postgres.Sql,
  userId: string,
  seconds: number,
): Promise<void> {
  await ageSessions(sql, sql`s.user_id = ${userId}`, seconds);
}

async function ageSessions(
  sql: postgres.Sql,
  which: postgres.PendingQuery<postgres.Row[]>,
  seconds: number,
): Promise<void> {
  const interval = `${seconds} seconds`;
  await sql`
    update public.sessions as s
    set
      created_at = s.created_at - ${interval}::interval,
      last_active_at = s.last_active_at - ${interval}::interval,
      access_token_expires_at = s.access_token_expires_at - ${interval}::interval,
      refresh_token_expires_at = s.refresh_token_expires_at - ${interval}::interval,
      absolute_expires_at = s.absolute_expires_at - ${interval}::interval,
      issued_at = s.issued_at - ${interval}::interval,
      confirmed_at = s.confirmed_at - ${interval}::interval,
      rate_limit_tat = s.rate_limit_tat - ${interval}::interval,
      revoked_at = s.revoked_at - ${interval}::interval
    where ${which}
  `;
}

/** Lets `seconds` pass for the login throttle: for every account and network at once. */
export async function ageLoginThrottle(sql: postgres.Sql, seconds: number): Promise<void> {
  const interval = `${seconds} seconds`;
  await sql`
    update unified_auth.login_throttle as t
    set
      charged_at = t.charged_at - ${interval}::interval,
      blocked_until = t.blocked_until - ${interval}::interval,
      turn_at = t.turn_at - ${interval}::interval,
      right_passwords_tat = t.right_passwords_tat - ${interval}::interval
    where true
  `;
}
