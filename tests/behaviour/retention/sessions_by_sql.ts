/**
 * Sessions made, rotated and aged with the SQL functions alone: thousands of them, faster than HTTP can.
 *
 * @module
 */

import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { hashRefreshToken } from "../audits/token_hash.ts";
import { writeComposite } from "../../../supabase/functions/_shared/store/postgres/composites.ts";
import { toBytea } from "../../../supabase/functions/_shared/store/bytea.ts";
import { POLICY_ARGUMENT } from "../sql/sql_sessions.ts";

const SALT = toBytea(new Uint8Array(16));

/** The defaults, but for the throttle and the limit of sessions. A token is never unchanged. */
const POLICY = writeComposite("session_policy", {
  ...POLICY_ARGUMENT,
  reuse_interval_seconds: -1,
  refresh_burst: 1_000_000,
  max_sessions: 1_000_000,
});
const CONTEXT = writeComposite("request_context", {
  user_agent: "a browser",
  request_id: "request",
});

const tokenOf = (id: string, generation: number) => hashRefreshToken(`${id} ${generation}`);

/** Makes a session of Ada's. `service` is a client of `service_role`. */
export async function createSession(service: postgres.Sql): Promise<string> {
  const id = crypto.randomUUID();
  await service`
    select public.create_session(
      ${id}, ${SEED_USERS.ada.id}, ${tokenOf(id, 1)}, null, null, null, 'aal1', '[]', null, '{}',
      null, null, ${POLICY}::public.session_policy, ${CONTEXT}::public.request_context)`;
  return id;
}

/** Rotates from this generation to the next; answers the outcome. */
export async function rotateSession(
  service: postgres.ISql,
  { id, generation }: { readonly id: string; readonly generation: number },
): Promise<string> {
  const presented = writeComposite("presented_refresh_token", {
    session_id: id,
    generation,
    branch: 0,
    hash: toBytea(tokenOf(id, generation)),
  });
  const successor = writeComposite("proposed_successor", {
    generation: generation + 1,
    branch: 0,
    hash: toBytea(tokenOf(id, generation + 1)),
    salt: SALT,
    key_id: "key",
  });
  const [row] = await service<{ outcome: string }[]>`
    select (public.rotate_session(
      ${presented}::public.presented_refresh_token, null,
      ${successor}::public.proposed_successor, ${POLICY}::public.session_policy, 'refresh',
      ${CONTEXT}::public.request_context
    )).outcome`;
  return row?.outcome ?? "no row";
}

/** Copies a session that has ended so many times: each ended `days` ago, with an event of that time. */
export async function multiplyDead(
  sql: postgres.Sql,
  { id, count, days }: { readonly id: string; readonly count: number; readonly days: number },
): Promise<void> {
  await sql`
    insert into public.sessions
    select (jsonb_populate_record(s, jsonb_build_object(
      'id', gen_random_uuid(),
      'is_valid', false,
      'revoked_reason', 'logout',
      'successor_salt', null,
      'successor_key_id', null,
      'identity_session_id', null,
      'created_at', now() - make_interval(days => ${days}),
      'revoked_at', now() - make_interval(days => ${days})
    ))).*
    from public.sessions as s, generate_series(1, ${count})
    where s.id = ${id}`;
  await sql`
    insert into public.session_events (occurred_at, event, session_id, user_id)
    select s.revoked_at, 'logout', s.id, s.user_id
    from public.sessions as s
    where s.revoked_reason = 'logout'`;
}
