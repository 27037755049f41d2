/**
 * `deno task model --runs N --seed S`: more histories than CI plays, or one seed's again.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { holdClock } from "./clocks.ts";
import { runHistories } from "./run_histories.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    runs: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    held: { type: "boolean", default: false },
  },
});
const [runs, seed] = [Number(values.runs), Number(values.seed)];
if (!Number.isInteger(runs) || runs < 1) throw new RangeError(`Cannot play --runs ${values.runs}`);
if (!Number.isInteger(seed)) throw new RangeError(`Cannot begin at --seed ${values.seed}`);

console.log(`Playing ${runs} histories, seed ${seed}`);
await using server = await openTestServer();
await using database = await server.createDatabase();
if (values.held) await holdClock(database.connect({ max: 1 }));
const startedAt = performance.now();
const { tokens, rowsReached } = await runHistories({ database, runs, seed, held: values.held });
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
const rows = [...rowsReached].toSorted((a, b) => a - b);
console.log(`rows of the rule that decided: ${rows.join(" ")}`);
console.log(`${runs} histories in ${seconds} s, ${tokens} refresh tokens issued, none of it wrong`);
