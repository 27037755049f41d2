/**
 * Who waits for a lock in a test's database, for tests that hold one.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";

/** Resolves once so many connections wait for a lock. */
export async function untilWaiting(sql: postgres.Sql, count: number): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    const [waiting] = await sql`
      select count(*)::int as count from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    if (waiting?.["count"] >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`Not ${count} connections wait for a lock`);
}
