/**
 * Draws histories and plays them: a few at a time, each in a fixture with another user, on connections of
 * one database. A failing history is shrunk to the fewest steps that still fail.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { TestDatabase, testStore } from "../../../local/testing/test_server.ts";
import type { UserId } from "../../../supabase/functions/_shared/brands.ts";
import { parseDatabaseUrl } from "../../../supabase/functions/_shared/store/database_address.ts";
import { createPostgresFunctions } from "../../../supabase/functions/_shared/store/sql_functions_postgres.ts";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { createHeldClock, createRunningClock } from "./clocks.ts";
import { playHistory } from "./history.ts";
import { checkTablesHoldNoSecret } from "./invariants.ts";
import { observeCalls } from "./observed_calls.ts";
import { createSqlFunctions } from "../../behaviour/sql/sql_functions.ts";
import { insertPerson } from "../../harness/people.ts";
import { histories } from "./steps.ts";
import { WRITTEN_HISTORIES } from "./written_histories.ts";
import { createFixture, type Ground } from "./model_fixture.ts";

export interface HistoryRun {
  readonly database: TestDatabase;
  readonly runs: number;
  readonly seed: number;
  /** Whether the functions of the database read the held clock. @default {false} */
  readonly held?: boolean;
  /**
   * `postgres` calls the functions as the direct store does, on other connections, which know no
   * held clock. @default {"data-api", on the connection of each lane}
   */
  readonly store?: ReturnType<typeof testStore>;
  /** @default {30} */
  readonly stepsPerHistory?: number;
}

export interface HistoriesPlayed {
  readonly tokens: number;
  /** Of the rotation rule's table. */
  readonly rowsReached: ReadonlySet<number>;
}

/** One connection keeps PostgreSQL busy while another's answer is judged. */
const LANES = 3;

/** @throws {Error} With the seed and the shrunk story of the first failing history */
export async function runHistories(options: HistoryRun): Promise<HistoriesPlayed> {
  const { database, runs, seed, held = false, store = "data-api", stepsPerHistory = 30 } = options;
  if (held && store === "postgres") {
    throw new TypeError("Cannot hold the clock of the direct store");
  }
  const sql = database.connectAs("supabase_admin", { max: 1, fetch_types: false });
  const issued: GenuineRefreshToken[] = [];
  const rowsReached = new Set<number>();

  const runLane = async (lane: number) => {
    const connection = database.connectAs("supabase_admin", { max: 1, fetch_types: false });
    const { call, close } = store === "postgres"
      ? createPostgresFunctions({
        address: parseDatabaseUrl(database.adminUrl) ?? assert.fail(),
        poolSize: 1,
        batchConnections: 1,
        connectTimeoutMs: 10_000,
        timeoutMs: 10_000,
      })
      : { call: createSqlFunctions(connection), close: () => Promise.resolve() };
    const ground: Ground = {
      clock: held ? await createHeldClock(connection) : createRunningClock(connection),
      observedCalls: observeCalls(call),
    };
    await fc.assert(
      fc.asyncProperty(histories(stepsPerHistory), async ({ laptopHasKey, steps }) => {
        const userId = await insertPerson(connection, { password: "any" }) as UserId;
        const fixture = createFixture(ground, { userId, laptopHasKey });
        await playHistory(fixture, steps);
        issued.push(...fixture.issued.values());
        for (const row of fixture.model.rowsReached) rowsReached.add(row);
      }),
      {
        numRuns: Math.ceil(runs / LANES),
        seed: seed + lane,
        examples: lane === 0 ? WRITTEN_HISTORIES.map((history) => [history]) : [],
        reporter: (details) => {
          if (!details.failed) return;
          const cause = details.errorInstance;
          const story = cause instanceof Error ? cause.message : String(cause);
          throw new Error(`seed ${seed}: ${story}`, { cause });
        },
      },
    ).finally(close);
  };
  await Promise.all(Array.from({ length: LANES }, (_, lane) => runLane(lane)));
  await checkTablesHoldNoSecret(sql, issued);
  return { tokens: issued.length, rowsReached };
}
