/**
 * What rotations leave behind in the table: whether they are HOT updates, and how much the table grows
 * when every session is rotated twenty times, with autovacuum as a project has it.
 *
 * @module
 */

import type postgres from "postgres";
import type { Metrics } from "../measure.ts";
import { withCosts } from "./database_costs.ts";
import { insertFreshSessions } from "./fresh_sessions.ts";
import { runPgbench } from "./pgbench.ts";
import { rotateStatement } from "./statements.ts";
import type { Study } from "./study.ts";

const ROTATIONS_A_SESSION = 20;
/** Enough to keep two cores busy. With more, what waits for a core holds old versions back. */
const CONNECTIONS = 4;

/** Of sessions that have just logged in: a rotation's row is also longer than a login's. */
export async function measureRotations(
  { server }: Pick<Study, "server">,
  { sessions }: { readonly sessions: number },
): Promise<Metrics> {
  await using database = await server.createDatabase();
  const admin = database.connectAs("supabase_admin", { max: 1 });
  await insertFreshSessions(admin, { users: sessions, perUser: 1 });
  const before = await readSizes(admin);
  const perClient = Math.floor(sessions / CONNECTIONS);
  const { costs } = await withCosts({ admin, pid: server.pid }, async () => {
    for (let round = 0; round < ROTATIONS_A_SESSION; round++) {
      const statement = rotateStatement({
        session: (k) => k,
        rotating: sessions,
        firstGeneration: () => "1",
        position: round * perClient * CONNECTIONS,
        perClient,
      });
      const run = { statement, connections: CONNECTIONS, perConnection: perClient };
      await runPgbench(database.url, run);
    }
  });
  const after = await readSizes(admin);
  const rotations = ROTATIONS_A_SESSION * perClient * CONNECTIONS;
  return {
    rotations,
    hotShare: after.hotUpdates / after.updates,
    tableGrowthShare: after.heapBytes / before.heapBytes - 1,
    indexGrowthShare: after.indexBytes / before.indexBytes - 1,
    eventBytes: after.eventBytes / rotations,
    walBytes: costs.walBytes / rotations,
  };
}

interface Sizes {
  readonly heapBytes: number;
  readonly indexBytes: number;
  readonly eventBytes: number;
  readonly updates: number;
  readonly hotUpdates: number;
}

async function readSizes(admin: postgres.Sql): Promise<Sizes> {
  await admin`select pg_stat_force_next_flush()`;
  const [sizes] = await admin<Sizes[]>`
    select
      pg_relation_size('public.sessions')::float8 as "heapBytes",
      pg_indexes_size('public.sessions')::float8 as "indexBytes",
      pg_total_relation_size('public.session_events')::float8 as "eventBytes",
      n_tup_upd::float8 as updates,
      n_tup_hot_upd::float8 as "hotUpdates"
    from pg_stat_user_tables
    where relid = 'public.sessions'::regclass`;
  if (sizes === undefined) throw new TypeError("the statistics answered no row");
  return sizes;
}
