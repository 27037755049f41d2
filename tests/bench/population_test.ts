import assert from "node:assert/strict";
import type postgres from "postgres";
import { loadPopulation } from "../../bench/growth/population.ts";
import { openTestServer } from "../../local/testing.ts";

Deno.test("a population that was loaded without constraints and indexes keeps and has all of them", async () => {
  await using server = await openTestServer();
  await using loaded = await server.createDatabase();
  await using untouched = await server.createDatabase();
  await loadPopulation(loaded.adminUrl, 2_000);
  const sql = loaded.connectAs("supabase_admin", { max: 1 });
  const [constraints, indexes] = await readGuards(sql);
  const [wantedConstraints, wantedIndexes] = await readGuards(
    untouched.connectAs("supabase_admin", { max: 1 }),
  );
  for (const { name } of constraints) {
    await sql`alter table public.sessions validate constraint ${sql(name)}`;
  }
  const plain = ({ name, definition }: Guard) => `${name} ${definition.replace(" NOT VALID", "")}`;
  assert.deepEqual(constraints.map(plain), wantedConstraints.map(plain));
  assert.deepEqual(indexes.map(plain), wantedIndexes.map(plain));
  const [count] = await sql`
    select count(*)::integer as sessions, count(u.id)::integer as with_user
    from public.sessions as s left join auth.users as u on u.id = s.user_id`;
  assert.deepEqual({ ...count }, { sessions: 2_000, with_user: 2_000 });
});

interface Guard {
  readonly name: string;
  readonly definition: string;
}

/** Constraints that can be validated, and indexes. */
async function readGuards(
  sql: postgres.Sql,
): Promise<readonly [readonly Guard[], readonly Guard[]]> {
  const constraints = await sql<Guard[]>`
    select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
    where conrelid = 'public.sessions'::regclass and contype in ('c', 'f')
    order by conname`;
  const indexes = await sql<Guard[]>`
    select indexname as name, indexdef as definition from pg_indexes
    where schemaname = 'public' and tablename = 'sessions'
    order by indexname`;
  return [constraints, indexes];
}
