/**
 * The database's types for TypeScript, as the Supabase CLI writes them from the migrated schema.
 *
 * @module
 */

import { SUPABASE_CLI } from "../../local/platform/migrations.ts";
import type { TestDatabase } from "../../local/testing/test_server.ts";
import { PROJECT, runProgram } from "./check.ts";

export const TYPES_PATH = "supabase/functions/_shared/store/database.types.ts";

/** Generates the file's text. @throws {TypeError} If the CLI or the formatter fails */
export async function generateTypes(database: Pick<TestDatabase, "url">): Promise<string> {
  const generated = await runProgram("npx", [
    "--yes",
    SUPABASE_CLI,
    "gen",
    "types",
    `--remote=${database.url}`,
  ]);
  // On a terminal or not, some versions tell what they do before the code.
  const start = generated.stdout.indexOf("export type Json");
  if (!generated.success || start === -1) {
    throw new TypeError(`Cannot generate types: ${generated.stderr.trim()}`);
  }
  return await format(generated.stdout.slice(start));
}

async function format(source: string): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, source);
    const { success, stderr } = await runProgram(Deno.execPath(), [
      "fmt",
      "--no-config",
      "--line-width=100",
      file,
    ]);
    if (!success) throw new TypeError(`Cannot format the generated types: ${stderr.trim()}`);
    return await Deno.readTextFile(file);
  } finally {
    await Deno.remove(file);
  }
}

export function readCommittedTypes(): Promise<string> {
  return Deno.readTextFile(`${PROJECT}/${TYPES_PATH}`);
}
