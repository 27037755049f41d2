import assert from "node:assert/strict";
import { openTestServer } from "../../../local/testing/test_server.ts";

const MIGRATION = "supabase/migrations/20261101000014_retention_schedule.sql";

/** The one function of pg_cron that the migration calls, with its signature, writing down its calls. */
const CRON_STAND_IN = `
  create schema cron;
  create table cron.job (jobname text primary key, schedule text, command text);
  create function cron.schedule(job_name text, schedule text, command text) returns bigint
  language sql as $$
    insert into cron.job values (job_name, schedule, command)
    on conflict (jobname) do update set schedule = excluded.schedule, command = excluded.command
    returning 1::bigint;
  $$;`;

Deno.test("a project without pg_cron is left without it", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  await sql.unsafe(await Deno.readTextFile(MIGRATION));
  assert.deepEqual([...await sql`select 1 from pg_namespace where nspname = 'cron'`], []);
});

Deno.test("where pg_cron is, one purge is scheduled, however often the block runs, and its command runs", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  await sql.unsafe(CRON_STAND_IN);
  const migration = await Deno.readTextFile(MIGRATION);
  await sql.unsafe(migration);
  await sql.unsafe(migration);

  const jobs = await sql<{ jobname: string; schedule: string; command: string }[]>`
    select * from cron.job`;
  assert.deepEqual(jobs.map(({ jobname, schedule }) => [jobname, schedule]), [
    ["unified-auth-purge", "* * * * *"],
  ]);
  const [job] = jobs;
  assert.ok(job);
  const [answer] = await sql.unsafe(job.command);
  assert.equal(answer?.["purge_sessions"], "(0,0,0,1)");
});
