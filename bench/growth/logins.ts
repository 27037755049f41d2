/**
 * Everybody logs in at once, and everybody has five sessions already: what the cap costs then, and
 * whether it holds. Measured is the store's `createSession`; the check of the password before it is the
 * identity provider's, and costs some sixty times as much.
 *
 * @module
 */

import type { Metrics } from "../measure.ts";
import { insertFreshSessions } from "./fresh_sessions.ts";
import { percentilesOf } from "./pgbench.ts";
import type { Study } from "./study.ts";
import { openSqlSessions } from "../../tests/sql/sql_sessions.ts";

const CAP = 5;
const CONNECTIONS = 16;

export async function measureLogins(
  { server }: Study,
  { users }: { readonly users: number },
): Promise<Metrics> {
  await using database = await server.createDatabase();
  const admin = database.connectAs("supabase_admin", { max: 1 });
  await insertFreshSessions(admin, { users, perUser: CAP });
  const people = await admin<{ id: string }[]>`
    select distinct user_id as id from public.sessions`;

  const { create } = openSqlSessions(database.connectAs("service_role", { max: CONNECTIONS }));
  const startedAtMs = performance.now();
  const waitsMs = await Promise.all(people.map(async ({ id }) => {
    const { answer } = await create(id);
    if (answer.outcome !== "created") throw new TypeError(`Cannot log in: ${answer.outcome}`);
    return performance.now() - startedAtMs;
  }));
  const seconds = (performance.now() - startedAtMs) / 1000;

  const [counted] = await admin<{ most: number; evicted: number }[]>`
    select
      (select max(count) from (
        select count(*)::integer from public.sessions where is_valid group by user_id
      ) as live (count)) as most,
      (select count(*)::integer from public.session_events where event = 'evicted') as evicted`;
  return {
    users,
    seconds,
    loginsPerSecond: users / seconds,
    waitP50Ms: percentilesOf(waitsMs).p50,
    waitMaxMs: percentilesOf(waitsMs).max,
    evicted: counted?.evicted ?? NaN,
    mostSessionsOfOneUser: counted?.most ?? NaN,
  };
}
