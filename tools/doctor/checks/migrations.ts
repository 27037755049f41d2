/**
 * Whether the database has had every migration of this checkout, by the Supabase CLI's own record.
 *
 * @module
 */

import { failed, notChecked, ok, quote, type Result } from "../finding.ts";
import type { Subject } from "../subject.ts";

const DIRECTORY = new URL("../../../supabase/migrations/", import.meta.url);

const PUSH = "npx -y supabase@3.1.0 db push";

export async function migrations({ database }: Subject): Promise<Result> {
  if (database === null) {
    return notChecked("No database was named.", "Say --remote=postgresql://…");
  }
  const [record] = await database<{ exists: boolean }[]>`
    select to_regclass('supabase_migrations.schema_migrations') is not null as exists`;
  if (!record?.exists) {
    return failed("The database has no record of migrations.", `Apply them: ${PUSH}.`);
  }
  const rows = await database<{ version: string }[]>`
    select m.version from supabase_migrations.schema_migrations as m`;
  const applied = new Set(rows.map(({ version }) => version));
  const missing = (await listMigrations()).filter(({ version }) => !applied.has(version));
  if (missing.length === 0) return ok("Every migration has been applied.");
  const names = missing.map(({ file }) => file).join(", ");
  return failed(
    `${missing.length} of the migrations have not been applied: ${quote(names)}.`,
    `Apply them before the functions of this version are deployed: ${PUSH}.`,
  );
}

async function listMigrations(): Promise<readonly { version: string; file: string }[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(DIRECTORY)) files.push(name);
  return files.sort().flatMap((file) => {
    const [version] = /^\d+(?=_.*\.sql$)/.exec(file) ?? [];
    return version === undefined ? [] : [{ version, file }];
  });
}
