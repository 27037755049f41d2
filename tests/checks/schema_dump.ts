/**
 * The final schema as one reviewed file, so that a migration shows its effect as a diff.
 *
 * @module
 */

import type { TestDatabase } from "../../local/testing/test_server.ts";
import { PROJECT } from "./check.ts";

export const SCHEMA_PATH = "docs/schema.sql";

const HEADER =
  `-- The schema as supabase/migrations make it, read from the catalog of a migrated database. Written by
-- "deno task types". Not meant to be run as a whole; a statement that makes one object again may be.
`;

const SECTIONS: Readonly<Record<number, string>> = {
  1: "Enumerations",
  2: "Composite types",
  3: "Tables",
  4: "Constraints",
  5: "Indexes",
  6: "Row level security",
  7: "Policies",
  8: "Views",
  9: "Functions",
  10: "Triggers",
  11: "Grants",
};

/** Reads the schema of a migrated database. */
export async function dumpSchema(database: Pick<TestDatabase, "connect">): Promise<string> {
  const query = await Deno.readTextFile(new URL("schema_dump.sql", import.meta.url));
  const sql = database.connect({ max: 1 });
  // Definitions name every object with its schema when none is on the path.
  await sql`set search_path = ''`;
  const statements = await sql.unsafe<{ section: number; definition: string }[]>(query);
  const sections = Object.entries(SECTIONS).map(([section, title]) => {
    const definitions = statements
      .filter((statement) => statement.section === Number(section))
      .map(({ definition }) => `${definition.trim()}\n`);
    const gap = definitions.some((definition) => definition.trim().includes("\n")) ? "\n" : "";
    return `-- ${title}\n\n${definitions.join(gap)}`;
  });
  return [HEADER, ...sections].join("\n").replaceAll(/[ \t]+$/gm, "");
}

export function readCommittedSchema(): Promise<string> {
  return Deno.readTextFile(`${PROJECT}/${SCHEMA_PATH}`);
}
