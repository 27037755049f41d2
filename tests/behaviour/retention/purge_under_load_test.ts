import assert from "node:assert/strict";
import type postgres from "postgres";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { purgeUntilDone } from "../../../tools/retention.ts";
import {
  ageCrowd,
  assertHeldByRows,
  inLanes,
  type Member,
  signInCrowd,
} from "../../resilience/fault/crowd.ts";
import { viewOf } from "../http/browser.ts";
import { multiplyDead } from "./sessions_by_sql.ts";

const CROWD = 60;
const AT_ONCE = 10;
const TOMBSTONES = 12_000;

Deno.test("refreshes go on as ever while a batch of a purge is held open, and while batches run", async (test) => {
  await using server = await openTestServer();
  await using stack = await server.startStack({ functions: ["unified-auth"] });
  const sql = stack.database.connect({ max: 8 });
  const purger = stack.database.connectAs("service_role", { max: 1 });
  const crowd = await signInCrowd({ functionsUrl: stack.functionsUrl, sql }, CROWD);
  await multiplyDead(sql, { id: crowd[0]?.sessionId ?? "", count: TOMBSTONES, days: 200 });

  await test.step("a batch of 5,000, held open until everybody has refreshed", async () => {
    await ageCrowd(sql, crowd);
    await purger.begin(async (batch) => {
      const [purged] = await batch`select * from public.purge_sessions()`;
      assert.equal(purged?.["purged_sessions"], 5_000);
      await refreshUnhindered(sql, crowd);
    });
    await assertHeldByRows(sql, crowd, { generation: 2 });
  });

  await test.step("batches of 100, one after the other, until nothing is left", async () => {
    await ageCrowd(sql, crowd);
    const purging = purgeUntilDone(purger, { batchSize: 100 });
    await refreshUnhindered(sql, crowd);
    assert.equal((await purging).sessions, TOMBSTONES - 5_000);
    await assertHeldByRows(sql, crowd, { generation: 3 });
  });
});

/** Everybody is answered 200 at the first try, and nobody was seen waiting for a row. */
async function refreshUnhindered(sql: postgres.Sql, crowd: readonly Member[]): Promise<void> {
  const watch = watchRowLocks(sql);
  // Who waited for the batch that is held open would be 503 after 2 s, by `lock_timeout`.
  await inLanes(AT_ONCE, crowd, async ({ browser }) => viewOf(await browser.refresh()));
  const { waits, looks } = await watch.stop();
  assert.ok(looks >= 5, `looked ${looks} times`);
  assert.deepEqual(waits, []);
}

/** Looks over and over who waits for a row that somebody else holds. */
function watchRowLocks(sql: postgres.Sql) {
  const waits: string[] = [];
  let watching = true;
  let looks = 0;
  const watch = (async () => {
    while (watching) {
      const rows = await sql<{ query: string }[]>`
        select query from pg_stat_activity
        where datname = current_database() and wait_event in ('transactionid', 'tuple')`;
      waits.push(...rows.map(({ query }) => query));
      looks += 1;
    }
  })();
  return {
    async stop() {
      watching = false;
      await watch;
      return { waits, looks };
    },
  };
}
