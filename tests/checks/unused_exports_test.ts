import assert from "node:assert/strict";
import { findUnusedExports } from "./unused_exports.ts";

const FOLDER = "supabase/functions/_shared";

function findIn(files: Readonly<Record<string, string>>): readonly string[] {
  return findUnusedExports(Object.entries(files).map(([path, text]) => ({ path, text })));
}

Deno.test("an export that only tests import, or nobody, is found", () => {
  assert.deepEqual(
    findIn({
      [`${FOLDER}/one.ts`]: "export const alone = 1; export function tested() {}; const own = 2;",
      "tests/one_test.ts": 'import { tested } from "../supabase/functions/_shared/one.ts";',
    }),
    ["alone", "tested"].map((name) =>
      `${FOLDER}/one.ts exports ${name}, which no file of the product imports`
    ),
  );
});

Deno.test("an export is used by an import, a re-export, an import() and an import of the whole module", () => {
  const exporting = "export const value = 1;";
  for (
    const using of [
      'import { value as other } from "../one.ts";',
      'export { value } from "../one.ts";',
      'export * from "../one.ts";',
      'const { value } = await import("../one.ts");',
      'import * as all from "../one.ts";',
    ]
  ) {
    assert.deepEqual(
      findIn({ [`${FOLDER}/one.ts`]: exporting, [`${FOLDER}/http/two.ts`]: using }),
      [],
      using,
    );
  }
});

Deno.test("types and entry points are left out", () => {
  assert.deepEqual(
    findIn({
      [`${FOLDER}/one.ts`]: "export interface One {} export type Two = One;",
      "client/src/index.ts": "export function createAuthClient() {}",
      "supabase/functions/unified-auth/index.ts": "export const app = 1;",
    }),
    [],
  );
});
