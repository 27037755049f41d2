import assert from "node:assert/strict";
import type postgres from "postgres";
import { compareSchemas, readSchema } from "../../../tools/doctor/schema_manifest.ts";
import { readDocument } from "../docs/markdown.ts";
import { openSqlFixture } from "./sql_fixture.ts";

/** Runs as Supabase Auth does when it starts in a new version, and takes everything back. */
async function upgrade(
  auth: postgres.Sql,
  statement: string,
  then: (tx: postgres.TransactionSql) => Promise<void> = async () => {},
): Promise<void> {
  const undo = new Error("undo");
  await auth.begin(async (tx) => {
    await tx.unsafe(statement);
    await then(tx);
    throw undo;
  }).catch((thrown: unknown) => {
    if (thrown !== undo) throw thrown;
  });
}

/** Which columns of auth.users the trigger is about. */
const PINNED = ["banned_until", "deleted_at", "encrypted_password"];

Deno.test("Supabase Auth may alter the type of every column of its users but those of the trigger and the key", async () => {
  await using fixture = await openSqlFixture();
  const auth = fixture.database.connectAs("supabase_auth_admin", { max: 1 });
  const columns = await auth<{ name: string; type: string; generated: boolean }[]>`
    select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
      a.attgenerated <> '' as generated
    from pg_attribute as a
    where a.attrelid = 'auth.users'::regclass and a.attnum > 0 and not a.attisdropped`;
  assert.ok(columns.length > 20);
  const refused: string[] = [];
  for (const { name, type } of columns) {
    // Supabase Auth's own columns also have dependents: their defaults, and generated columns.
    const statement = type.startsWith("timestamp") || type.startsWith("character")
      ? `alter table auth.users alter column ${name} type text using null`
      : `alter table auth.users alter column ${name} type ${type}`;
    await upgrade(auth, statement).catch((thrown: { message: string; detail?: string }) => {
      if (/unified_auth/.test(`${thrown.message} ${thrown.detail}`)) refused.push(name);
    });
  }
  assert.deepEqual(refused.sort(), PINNED);
});

Deno.test("the view of live sessions goes on over a column of users that has another type", async () => {
  await using fixture = await openSqlFixture();
  await fixture.sessions.create(fixture.userId);
  const auth = fixture.database.connectAs("supabase_auth_admin", { max: 1 });
  await auth`alter table auth.users alter column email type text`;
  const rows = await fixture.admin<
    { email: string }[]
  >`select email from unified_auth.live_sessions`;
  assert.equal(rows.length, 1);
});

Deno.test("the page names what the trigger pins, and the way that it describes leads out", async () => {
  const page = await readDocument("docs/operations.md");
  const [, section = ""] = page.split("### Supabase Auth does not start after an upgrade\n");
  for (const column of PINNED) assert.ok(section.includes(`\`${column}\``), column);
  const [, takeAway = ""] = /```sql run\n([\s\S]*?)```/.exec(section) ?? [];

  await using fixture = await openSqlFixture();
  const auth = fixture.database.connectAs("supabase_auth_admin", { max: 1 });
  const operator = fixture.database.connect({ max: 1 });
  const before = await readSchema(operator, null);
  const alter = "alter table auth.users alter column encrypted_password type text";
  await assert.rejects(auth.unsafe(alter), /used in a trigger definition/);
  await operator.unsafe(takeAway);
  await auth.unsafe(alter);
  for (const name of ["user_changes", "grants"]) {
    await operator.unsafe(await readMigration(name));
  }
  const differences = compareSchemas(before, await readSchema(operator, null));
  assert.deepEqual(
    differences.map((difference) => "property" in difference && difference.property),
    ["definition"], // of the trigger, which no longer casts the column to text
  );

  const setPassword = (hash: string) =>
    auth`update auth.users as u set encrypted_password = ${hash} where u.id = ${fixture.userId}`;
  await setPassword("one");
  await fixture.sessions.create(fixture.userId);
  await setPassword("another");
  const [row] = await fixture.admin<{ is_valid: boolean }[]>`
    select s.is_valid from public.sessions as s where s.user_id = ${fixture.userId}`;
  assert.equal(row?.is_valid, false);
});

async function readMigration(name: string): Promise<string> {
  const files = await Array.fromAsync(Deno.readDir("supabase/migrations"));
  const file = files.find((entry) => entry.name.endsWith(`_${name}.sql`)) ?? assert.fail(name);
  return await readDocument(`supabase/migrations/${file.name}`);
}
