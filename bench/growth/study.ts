/**
 * What the parts of the growth study share: a PostgreSQL server with a project's settings, and on it
 * one database for each number of sessions, so that large and small are measured in turn on the same
 * machine in the same minute. It is loaded with settings that make haste, and started anew.
 *
 * @module
 */

import type postgres from "postgres";
import { type OwnTestServer, startTestServer, type TestDatabase } from "../../local/testing.ts";
import { loadPopulation } from "./population.ts";
import { LOADING_SETTINGS, PROJECT_SETTINGS } from "./settings.ts";

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
  const memory = isQuick ? { shared_buffers: "128MB" } : {};
  const server = await startTestServer({ settings: { ...LOADING_SETTINGS, ...memory } });
  try {
    const [first, ...others] = isQuick ? SESSIONS.quick : SESSIONS.whole;
    const loaded: [Loaded, ...Loaded[]] = [await load(server, first)];
    for (const sessions of others) loaded.push(await load(server, sessions));
    await server.stop();
    await flushToDisk();
    await server.start({ ...PROJECT_SETTINGS, ...memory });
    const [smallest, ...larger] = loaded;
    const sizes: [Size, ...Size[]] = [openSize(smallest), ...larger.map(openSize)];
    for (const { admin } of sizes) await readKeys(admin);
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

type Loaded = Pick<Size, "sessions" | "database" | "loadSeconds">;

async function load(server: OwnTestServer, sessions: number): Promise<Loaded> {
  const startedAtMs = performance.now();
  const database = await server.createDatabase();
  await loadPopulation(database.adminUrl, sessions);
  return { sessions, database, loadSeconds: (performance.now() - startedAtMs) / 1000 };
}

/** What PostgreSQL left to the system while `fsync` was off would be written beside what is measured. */
async function flushToDisk(): Promise<void> {
  const { success } = await new Deno.Command("sync").output();
  if (!success) throw new TypeError("Cannot write the loaded databases to disk");
}

function openSize(loaded: Loaded): Size {
  return {
    ...loaded,
    name: nameOf(loaded.sessions),
    admin: loaded.database.connectAs("supabase_admin", { max: 1 }),
    rotations: 0,
  };
}

/** As on a server that has been up for a while: the keys' indexes are in its memory, the rows come as asked. */
async function readKeys(admin: postgres.Sql): Promise<void> {
  await admin.begin(async (sql) => {
    await sql`set local enable_seqscan = off`;
    await sql`set local enable_bitmapscan = off`;
    await sql`select count(id) from public.sessions`;
    await sql`select count(id) from auth.users`;
  });
}

export function nameOf(sessions: number): string {
  return sessions >= 1_000_000 ? `${sessions / 1_000_000}m` : `${sessions / 1_000}k`;
}
