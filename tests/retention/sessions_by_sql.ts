/**
 * Sessions made, rotated and aged with the SQL functions alone: thousands of them, faster than HTTP can.
 *
 * @module
 */

import type postgres from "postgres";
import { SEED_USERS } from "../../local/seed_users.ts";
import { hashRefreshToken } from "../audits/token_hash.ts";

const SALT = new Uint8Array(16);
const AGENT = hashRefreshToken("a browser");

/** Another agent each time: the window would answer the same browser `unchanged`. */
const agentOf = (generation: number) => hashRefreshToken(`browser ${generation}`);

const tokenOf = (id: string, generation: number) => hashRefreshToken(`${id} ${generation}`);

/** Makes a session of Ada's. `service` is a client of `service_role`. */
export async function createSession(service: postgres.Sql): Promise<string> {
  const id = crypto.randomUUID();
  await service`
    select public.create_session(
      ${id}, ${SEED_USERS.ada.id}, ${tokenOf(id, 1)}, ${AGENT}, null, 'aal1', '[]',
      3600, 2592000, 0, 1000000, null, null, null, null, '{}', null, null, 'a browser', 'request')`;
  return id;
}

/** Rotates from this generation to the next; answers the outcome. */
export async function rotateSession(
  service: postgres.ISql,
  { id, generation }: { readonly id: string; readonly generation: number },
): Promise<string> {
  const successor = tokenOf(id, generation + 1);
  const [row] = await service<{ outcome: string }[]>`
    select (public.rotate_session(
      ${id}, ${generation}, 0::smallint, ${tokenOf(id, generation)},
      array[${successor}, ${hashRefreshToken("branch 1")}]::bytea[], 2::smallint, ${SALT}, 'key',
      ${
    agentOf(generation + 1)
  }, 60, 3600, 2592000, 1000000, 1, 'refresh', null, 'a browser', 'request'
    )).outcome`;
  return row?.outcome ?? "no row";
}

/** Copies a session that is over so many times: each ended `days` ago, with an event of that time. */
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
