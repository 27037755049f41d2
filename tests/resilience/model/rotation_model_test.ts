import assert from "node:assert/strict";
import { openTestServer, testStore } from "../../../local/testing/test_server.ts";
import { holdClock } from "./clocks.ts";
import { runHistories } from "./run_histories.ts";

/**
 * Other histories every day; `UNIFIED_AUTH_SEED` or `deno task model --seed …` plays those of a failure
 * again.
 */
const seed = Number(Deno.env.get("UNIFIED_AUTH_SEED") ?? Math.floor(Date.now() / 86_400_000));

/** All of the table but row 2, which needs no database. */
const ROWS_OF_THE_DATABASE = Array.from({ length: 19 }, (_, row) => row).filter((row) => row !== 2);

Deno.test("in every history the database does what the specification says", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  console.log(`seed ${seed}`);
  // The stores differ only in how a call travels: fewer histories show that.
  const store = testStore();
  const runs = store === "data-api" ? 1000 : 200;
  const { rowsReached } = await runHistories({ database, runs, seed, store });
  for (const row of ROWS_OF_THE_DATABASE) assert.ok(rowsReached.has(row), `row ${row} decided`);
});

// The clock is held on the connection of the test, which the direct store does not use.
if (testStore() === "data-api") {
  Deno.test("at the very microsecond of every limit too", async () => {
    await using server = await openTestServer();
    await using database = await server.createDatabase();
    await holdClock(database.connect({ max: 1 }));
    await runHistories({ database, runs: 150, seed, held: true });
  });
}
