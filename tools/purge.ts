/**
 * `deno task purge`: calls `purge_sessions` until nothing is left to forget. For projects without
 * pg_cron, and for the first time. How long things are kept are the function's own defaults, unless
 * `--tombstone-days` or `--event-days` say otherwise.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { databaseUrl, withDatabase } from "./database.ts";
import { Misuse, runTool } from "./misuse.ts";
import { purgeUntilDone } from "./retention.ts";

const MAX_BATCH_SIZE = 999_999;

/** 68 years: the function takes seconds, as PostgreSQL's `integer` holds them. */
const MAX_DAYS = 24_855;

await runTool("purge", async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      "remote": { type: "string" },
      "batch-size": { type: "string" },
      "tombstone-days": { type: "string" },
      "event-days": { type: "string" },
    },
  });
  const url = databaseUrl({
    remote: values.remote,
    localPort: Deno.env.get("UNIFIED_AUTH_DB_PORT"),
  });
  const retention = {
    batchSize: wholeNumber("--batch-size", values["batch-size"], MAX_BATCH_SIZE),
    tombstoneDays: wholeNumber("--tombstone-days", values["tombstone-days"], MAX_DAYS),
    eventDays: wholeNumber("--event-days", values["event-days"], MAX_DAYS),
  };
  const purged = await withDatabase(url, (sql) => purgeUntilDone(sql, retention));
  console.log(
    `purged ${purged.sessions} sessions, ${purged.events} events and ` +
      `${purged.throttleBuckets} throttle buckets in ${purged.batches} batches`,
  );
  return 0;
});

function wholeNumber(
  option: string,
  text: string | undefined,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text) && Number(text) <= most) return Number(text);
  throw new Misuse(`${option} must be a whole number from 1 to ${most}: it is "${text}"`);
}
