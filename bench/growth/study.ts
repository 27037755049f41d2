/**
 * What the parts of the growth study share: a PostgreSQL server with a project's settings, and on it
 * one database for each number of sessions, so that large and small are measured in turn on the same
 * machine in the same minute.
 *
 * @module
 */

import type postgres from "postgres";
import { type OwnTestServer, startTestServer, type TestDatabase } from "../../local/testing.ts";
import { loadPopulation } from "./population.ts";
import { PROJECT_SETTINGS } from "./settings.ts";

/** A database with so many sessions. */
export interface Size {
  /** As the rows are named: `10k`, `1m`, `10m`. */
  readonly name: string;
  readonly sessions: number;
  readonly database: TestDatabase;
  /** A superuser's client. */
  readonly admin: postgres.Sql;
  readonly loadSeconds: number;
  /** How many rotations pgbench has made here: where the next run goes on. */
  rotations: number;
}

export interface Study extends AsyncDisposable {
  readonly isQuick: boolean;
  readonly server: OwnTestServer;
  /** In ascending order. */
  readonly sizes: readonly [Size, ...Size[]];
}

/** What a whole study and a smoke test load. */
const SESSIONS = { whole: [10_000, 1_000_000, 10_000_000], quick: [1_000, 10_000] } as const;

export async function openStudy({ isQuick }: { readonly isQuick: boolean }): Promise<Study> {
  const server = await startTestServer({
    settings: isQuick ? { ...PROJECT_SETTINGS, shared_buffers: "128MB" } : PROJECT_SETTINGS,
  });
  try {
    const [first, ...others] = isQuick ? SESSIONS.quick : SESSIONS.whole;
    const sizes: [Size, ...Size[]] = [await loadSize(server, first)];
    for (const sessions of others) sizes.push(await loadSize(server, sessions));
    return {
      isQuick,
      server,
      sizes,
      async [Symbol.asyncDispose]() {
        for (const { database } of sizes) await database.drop();
        await server.close();
      },
    };
  } catch (thrown) {
    await server.close();
    throw thrown;
  }
}

async function loadSize(server: OwnTestServer, sessions: number): Promise<Size> {
  const startedAtMs = performance.now();
  const database = await server.createDatabase();
  await loadPopulation(database.adminUrl, sessions);
  return {
    name: nameOf(sessions),
    sessions,
    database,
    admin: database.connectAs("supabase_admin", { max: 1 }),
    loadSeconds: (performance.now() - startedAtMs) / 1000,
    rotations: 0,
  };
}

export function nameOf(sessions: number): string {
  return sessions >= 1_000_000 ? `${sessions / 1_000_000}m` : `${sessions / 1_000}k`;
}
