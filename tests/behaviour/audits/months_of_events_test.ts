import assert from "node:assert/strict";
import type postgres from "postgres";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { type Audit, readAudits, runAudit } from "../../../tools/audits.ts";

const ROBBED = "00000000-0000-4000-8000-00000000dead";

Deno.test("audits of a project with months of refreshes", async (test) => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  await refreshForMonths(sql);

  await test.step("a timeline ends with the detection, however long the session was refreshed", async () => {
    const { rows } = await runAudit(sql, await auditNamed("reuse_timeline"));
    assert.equal(rows.length, 25);
    assert.equal(rows.at(-1)?.["event"], "reuse_detected");
    assert.ok(rows.slice(0, -1).every(({ event }) => event === "refresh"));
  });

  await test.step("rare events are found without reading the refreshes", async () => {
    for (const name of ["reuse_detections", "evictions", "key_compromise"]) {
      assert.match(await explain(sql, await auditNamed(name)), /session_events_seldom_idx/, name);
    }
  });

  await test.step("recent events are found without reading the old ones", async () => {
    const { statement } = await auditNamed("refreshes_by_hour");
    const plan = await explain(sql, { statement });
    assert.match(plan, /session_events_occurred_at_idx/);
  });
});

/** One event a minute for 90 days, in the order in which they happened; one session of them is robbed. */
async function refreshForMonths(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into public.session_events (occurred_at, event, session_id)
    select
      now() - n * interval '1 minute',
      'refresh',
      case when n % 100 = 0 then ${ROBBED}::uuid else gen_random_uuid() end
    from generate_series(90 * 1440, 1, -1) as n`;
  await sql`insert into public.session_events (event, session_id) values ('reuse_detected', ${ROBBED})`;
  await sql`analyze public.session_events`;
}

async function auditNamed(name: string): Promise<Audit> {
  const audit = (await readAudits()).find((each) => each.name === name);
  return audit ?? assert.fail(`no audit ${name}`);
}

async function explain(
  sql: postgres.Sql,
  { statement }: Pick<Audit, "statement">,
): Promise<string> {
  const rows = await sql.unsafe(`explain ${statement}`);
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
}
