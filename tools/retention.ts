/**
 * Purging to the end: one batch a transaction, so that no lock outlives its batch. `purge_sessions` decides
 * which rows are purged, and after how long.
 *
 * @module
 */

import type postgres from "postgres";

/** Undefined leaves the SQL function's own default. */
export interface RetentionOptions {
  readonly batchSize?: number | undefined;
  readonly tombstoneDays?: number | undefined;
  readonly eventDays?: number | undefined;
}

/** The number of purged rows, and of calls. */
export interface Purged {
  readonly sessions: number;
  readonly events: number;
  readonly throttleBuckets: number;
  readonly batches: number;
}

const SECONDS_A_DAY = 86_400;

interface Batch {
  readonly purged_sessions: number;
  readonly purged_events: number;
  readonly purged_throttle_buckets: number;
  readonly windows: number;
}

/** Calls `purge_sessions` until it has looked everywhere and found nothing. */
export async function purgeUntilDone(
  sql: postgres.Sql,
  options: RetentionOptions = {},
): Promise<Purged> {
  const given = namedArguments({
    p_batch_size: options.batchSize,
    p_tombstone_seconds: inSeconds(options.tombstoneDays),
    p_event_retention_seconds: inSeconds(options.eventDays),
  });
  const purged = { sessions: 0, events: 0, throttleBuckets: 0, batches: 0 };
  let emptyInARow = 0;
  for (;;) {
    const [batch] = await sql.unsafe<Batch[]>(`select * from public.purge_sessions(${given})`);
    if (batch === undefined) throw new TypeError("purge_sessions answered no row");
    purged.batches += 1;
    purged.sessions += batch.purged_sessions;
    purged.events += batch.purged_events;
    purged.throttleBuckets += batch.purged_throttle_buckets;
    const found = batch.purged_sessions + batch.purged_events + batch.purged_throttle_buckets;
    emptyInARow = found === 0 ? emptyInARow + 1 : 0;
    if (emptyInARow >= batch.windows) return purged;
  }
}

/** Only those that are given: the others keep the function's defaults. */
function namedArguments(values: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} => ${Number(value)}`)
    .join(", ");
}

function inSeconds(days: number | undefined): number | undefined {
  return days === undefined ? undefined : days * SECONDS_A_DAY;
}
