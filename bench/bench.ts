/**
 * What every case of a run shares: one PostgreSQL with a project's database and its population, the
 * files of visitors, and ways to start what is measured.
 *
 * @module
 */

import type postgres from "postgres";
import { makeSecrets, type Secrets } from "../local/secrets.ts";
import { findFreePort } from "../local/postgres/server.ts";
import { startTestServer, type TestDatabase } from "../local/testing.ts";
import { type Doors, startDoors } from "./doors_process.ts";
import type { Visitor } from "./load/plan.ts";
import { populate, type Population } from "./population.ts";

/** How long things are measured. */
export interface Durations {
  readonly warmUp: number;
  readonly closed: number;
  readonly open: number;
}

export interface BenchOptions {
  readonly seconds: Durations;
  /** A smoke test: everything once, as short as it can be. */
  readonly isQuick: boolean;
  /** Sessions of the population. */
  readonly sessions: number;
}

export interface Bench extends AsyncDisposable {
  readonly isQuick: boolean;
  readonly seconds: Durations;
  /** Of the PostgreSQL server, for its CPU time. */
  readonly postmaster: number;
  /** Of this project. */
  readonly database: TestDatabase;
  /** A client of a superuser there. */
  readonly admin: postgres.Sql;
  readonly population: Population;
  readonly secrets: Secrets;
  /** An empty database on the same server, for a peer. Dropped with the bench. */
  createDatabase(): Promise<TestDatabase>;
  /** A fresh process of the stand-ins for PostgREST and Supabase Auth. */
  startDoors(): Promise<Doors>;
  /** Keeps visitors in a file that a generator reads. The same name is written once. */
  writeVisitors(
    name: string,
    make: () => readonly Visitor[] | Promise<readonly Visitor[]>,
  ): Promise<string>;
}

/**
 * As on a project: everything that was committed is on disk. A checkpoint within a measurement would be
 * one round's bad luck, so there is room for none.
 */
const POSTGRES_SETTINGS = {
  fsync: "on",
  full_page_writes: "on",
  shared_buffers: "256MB",
  max_wal_size: "8GB",
  checkpoint_timeout: "1h",
};

export async function openBench(options: BenchOptions): Promise<Bench> {
  const server = await startTestServer({ settings: POSTGRES_SETTINGS });
  const directory = await Deno.makeTempDir({ prefix: "unified-auth-bench-" });
  const databases: TestDatabase[] = [];
  const createDatabase = async () => {
    const database = await server.createDatabase();
    databases.push(database);
    return database;
  };
  const close = async () => {
    for (const database of databases) await database.drop();
    await server.close();
    await Deno.remove(directory, { recursive: true });
  };
  try {
    const port = findFreePort();
    const secrets = await makeSecrets();
    const database = await createDatabase();
    const admin = database.connectAs("supabase_admin", { max: 1 });
    const population = await populate(admin, {
      size: options.sessions,
      secret: secrets.sessions.SESSION_SECRET,
      projectUrl: `http://127.0.0.1:${port}`,
    });
    const files = new Map<string, Promise<string>>();
    return {
      isQuick: options.isQuick,
      seconds: options.seconds,
      postmaster: server.pid,
      database,
      admin,
      population,
      secrets,
      createDatabase,
      startDoors: () => startDoors({ databaseUrl: database.url, port, secrets }),
      writeVisitors(name, make) {
        const written = files.get(name) ??
          writeFile(`${directory}/${name.replaceAll("/", "-")}.json`, make);
        files.set(name, written);
        return written;
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function writeFile(
  path: string,
  make: () => readonly Visitor[] | Promise<readonly Visitor[]>,
): Promise<string> {
  await Deno.writeTextFile(path, JSON.stringify(await make()));
  return path;
}
