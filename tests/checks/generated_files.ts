/**
 * Files that are generated from the migrations and committed: they are what would be generated now.
 *
 * @module
 */

import type { TestDatabase } from "../../local/testing/test_server.ts";
import { type Check, PROJECT } from "./check.ts";
import { generateTypes, readCommittedTypes, TYPES_PATH } from "./generated_types.ts";
import { generateManifest, MANIFEST_PATH } from "./generated_manifest.ts";
import { dumpSchema, readCommittedSchema, SCHEMA_PATH } from "./schema_dump.ts";

export function generatedFiles(database: TestDatabase): readonly Check[] {
  return [
    {
      name: "database types",
      run: async () => {
        const [now, committed] = [await generateTypes(database), await readCommittedTypes()];
        return compareGenerated(TYPES_PATH, { now, committed });
      },
    },
    {
      name: "schema dump",
      run: async () => {
        const [now, committed] = [await dumpSchema(database), await readCommittedSchema()];
        return compareGenerated(SCHEMA_PATH, { now, committed });
      },
    },
    {
      name: "schema manifest",
      run: async () => {
        const now = await generateManifest(database);
        const committed = await Deno.readTextFile(`${PROJECT}/${MANIFEST_PATH}`);
        return compareGenerated(MANIFEST_PATH, { now, committed });
      },
    },
  ];
}

/** Writes all of them. */
export async function writeGeneratedFiles(database: TestDatabase): Promise<void> {
  await Deno.writeTextFile(`${PROJECT}/${TYPES_PATH}`, await generateTypes(database));
  await Deno.writeTextFile(`${PROJECT}/${SCHEMA_PATH}`, await dumpSchema(database));
  await Deno.writeTextFile(`${PROJECT}/${MANIFEST_PATH}`, await generateManifest(database));
}

/** Names the first line that differs. */
export function compareGenerated(
  path: string,
  { now, committed }: { readonly now: string; readonly committed: string },
): readonly string[] {
  if (now === committed) return [];
  const [nowLines, committedLines] = [now.split("\n"), committed.split("\n")];
  const at = nowLines.findIndex((line, index) => line !== committedLines[index]);
  const index = at === -1 ? nowLines.length : at;
  return [
    `${path}:${index + 1} is not what the migrations make: run "deno task types"\n` +
    `committed  ${committedLines[index] ?? "(end of file)"}\n` +
    `generated  ${nowLines[index] ?? "(end of file)"}`,
  ];
}
