/**
 * Supabase's own advisors: at the level of information too, they find nothing.
 *
 * @module
 */

import type postgres from "postgres";
import * as z from "zod";
import { SUPABASE_CLI } from "../../local/platform/migrations.ts";
import type { TestDatabase } from "../../local/testing/test_server.ts";
import { type Check, problemsOf, runProgram } from "./check.ts";

const report = z.object({
  results: z.array(z.object({ name: z.string(), level: z.string(), detail: z.string() })),
});

export function advisors(database: TestDatabase): Check {
  return {
    name: "advisors",
    async run() {
      await useIndexes(database.connect({ max: 1 }));
      const result = await runProgram("npx", [
        "--yes",
        SUPABASE_CLI,
        "db",
        "advisors",
        `--remote=${database.url}`,
        "--level=info",
        "--fail-on=warn",
        "--output-format=json",
      ]);
      if (!result.success) return problemsOf(result);
      return report.parse(JSON.parse(result.stdout)).results
        .map(({ name, level, detail }) => `${level} ${name}: ${detail}`);
    },
  };
}

/**
 * Asks once what each index is for. The advisors call an index that no query has used "unused", and
 * nobody has used a database that was just made. A new index must be asked for here.
 */
async function useIndexes(sql: postgres.Sql): Promise<void> {
  const nobody = "00000000-0000-4000-8000-000000000000";
  await sql.begin(async (tx) => {
    await tx`set local enable_seqscan = off`; // the tables are empty: a scan would be cheaper
    await tx`select count(*) from public.sessions as s where s.user_id = ${nobody}`;
    await tx`
      select count(*)
      from public.session_events as e
      where e.event = 'used_after_revocation'
        and e.session_id = ${nobody}
        and e.occurred_at > now() - interval '1 hour'
    `;
    await tx`
      select count(*) from public.session_events as e where e.occurred_at > now() - interval '1 hour'
    `;
    await tx`select count(*) from public.session_events as e where e.event = 'reuse_detected'`;
    await tx`select count(*) from unified_auth.sign_in_claims as c where c.forgotten_at < now()`;
    await tx`
      select count(*) from unified_auth.password_changes as c where c.session_id = ${nobody}
    `;
  });
  await sql`select pg_stat_force_next_flush()`;
}
