/**
 * What a rotation writes ahead right after a checkpoint, when the first change of every page takes the
 * whole page along, and how much of that compression takes off.
 *
 * @module
 */

import type { Figures } from "../measure.ts";
import { withCosts } from "./database_costs.ts";
import { runPgbench } from "./pgbench.ts";
import { loadedSessions, rotateStatement } from "./statements.ts";
import type { Study } from "./study.ts";

const COMPRESSIONS = ["off", "pglz", "lz4"] as const;
const CONNECTIONS = 16;

/** Rows are named `growth/wal/after-checkpoint/<wal_compression>`; of the largest size. */
export async function measureWal(
  { server, sizes }: Study,
  { transactions }: { readonly transactions: number },
): Promise<Figures> {
  const size = sizes.at(-1) ?? sizes[0];
  const perConnection = Math.ceil(transactions / CONNECTIONS);
  const known = await knownCompressions(size.admin);
  const rows: Record<string, Figures[string]> = {};
  for (const compression of COMPRESSIONS.filter((each) => known.includes(each))) {
    await size.admin`checkpoint`;
    const statement = rotateStatement({
      ...loadedSessions(size.sessions),
      position: size.rotations,
      perClient: perConnection,
    });
    const { costs } = await withCosts(
      { admin: size.admin, pid: server.pid },
      () =>
        runPgbench(size.database.adminUrl, {
          statement,
          connections: CONNECTIONS,
          perConnection,
          settings: { wal_compression: compression },
        }),
    );
    const rotations = perConnection * CONNECTIONS;
    size.rotations += rotations;
    rows[`growth/wal/after-checkpoint/${compression}`] = {
      walBytes: costs.walBytes / rotations,
      fullPageImages: costs.fullPageImages / rotations,
    };
  }
  return rows;
}

/** A server may have been built without one. */
async function knownCompressions(admin: Study["sizes"][0]["admin"]): Promise<readonly string[]> {
  const [setting] = await admin<{ values: string[] }[]>`
    select enumvals as values from pg_settings where name = 'wal_compression'`;
  return ["off", ...setting?.values ?? []];
}
