/**
 * Sessions as logins leave them: live, of the first generation, never rotated.
 *
 * @module
 */

import type postgres from "postgres";
import { sessionId, tokenHash, userAgent } from "./population.ts";

/** The sessions are numbered from 0; a user has `perUser` of them, which follow each other. */
export async function insertFreshSessions(
  admin: postgres.Sql,
  { users, perUser }: { readonly users: number; readonly perUser: number },
): Promise<void> {
  await admin.unsafe(`
    insert into auth.users (id, email, aud, role)
    select md5('user ' || u)::uuid, u || '@example.com', 'authenticated', 'authenticated'
    from generate_series(0, ${users - 1}) as u`);
  await admin.unsafe(`
    insert into public.sessions (
      id, user_id, created_at, last_active_at, access_token_expires_at, refresh_token_expires_at,
      refresh_token_hash, issued_at, lineage, ip, user_agent, aal, amr
    )
    select
      ${sessionId("i")}, md5('user ' || i / ${perUser})::uuid, t.login, t.login,
      t.login + interval '1 hour', t.login + interval '30 days', ${tokenHash("i", "1")}, t.login,
      '\\x0000000000000000', '203.0.113.7', ${userAgent("120")}, 'aal1',
      '[{"method": "password", "timestamp": 1790000000}]'
    from generate_series(0, ${users * perUser - 1}) as i,
      lateral (select now() - make_interval(mins => 10 + i % 1000)) as t (login)`);
  await admin`vacuum (analyze) public.sessions`;
}
