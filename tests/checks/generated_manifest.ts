/**
 * Generates the manifest that the doctor compares a database with: every object that the migrations make.
 *
 * @module
 */

import type { TestDatabase } from "../../local/testing/test_server.ts";
import { readSchema } from "../../tools/doctor/schema_manifest.ts";

export const MANIFEST_PATH = "tools/doctor/schema.json";

/** Reads the schema of a migrated database. */
export async function generateManifest(database: Pick<TestDatabase, "connect">): Promise<string> {
  const schema = await readSchema(database.connect({ max: 1 }), null);
  return `${JSON.stringify(schema, null, 2)}\n`;
}
