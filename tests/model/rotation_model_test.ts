import { openTestServer, testStore } from "../../local/testing.ts";
import { holdClock } from "./clocks.ts";
import { runHistories } from "./run_histories.ts";

/** The same histories each time; `deno task model --seed …` plays others, and those of a failure. */
const seed = Number(Deno.env.get("UNIFIED_AUTH_SEED") ?? 1927193531);

Deno.test("in every history the database does what the specification says", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  console.log(`seed ${seed}`);
  // What differs is only how a call travels: fewer histories show it.
  const store = testStore();
  await runHistories({ database, runs: store === "rpc" ? 2000 : 300, seed, store });
});

// The clock is held on the connection of the test, which the direct store does not use.
if (testStore() === "rpc") {
  Deno.test("at the very microsecond of every limit too", async () => {
    await using server = await openTestServer();
    await using database = await server.createDatabase();
    await holdClock(database.connect({ max: 1 }));
    await runHistories({ database, runs: 300, seed, held: true });
  });
}
