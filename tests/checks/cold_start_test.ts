import assert from "node:assert/strict";
import { listAwaited, readImports } from "./import_graph.ts";

/** Of packages and of Node's modules. Each takes milliseconds of every cold start. */
const AWAITED = [
  "node:buffer",
  "npm:/@noble/hashes@/hkdf.js",
  "npm:/@noble/hashes@/hmac.js",
  "npm:/@noble/hashes@/sha2.js",
  "npm:/hono@/body-limit",
  "npm:hono@",
  "npm:/hono@/utils/cookie",
  "npm:jose@",
];

/** Imported by the first request that needs it. */
const LATER = [
  "http/openapi.ts",
  "http/schemas.ts",
  "http/session_list.ts",
  "http/sign_in_app.ts",
  "identity/supabase_auth.ts",
  "identity/supabase_auth_sign_in.ts",
  "store/session_rows.ts",
  "store/sql_functions_postgres.ts",
];

for (const name of ["unified-auth", "validate-session"]) {
  Deno.test(`a cold start of ${name} loads nothing that its first request can do without`, async () => {
    const entry = `supabase/functions/${name}/index.ts`;
    const awaited = listAwaited(entry, await readImports([entry]));
    const packages = awaited
      .filter((module) => !module.startsWith("supabase/"))
      .map((module) => module.replace(/@\d[\d.]*/, "@"));
    assert.deepEqual(packages.toSorted(), AWAITED.toSorted());
    const later = LATER.map((module) => `supabase/functions/_shared/${module}`);
    for (const module of later) await Deno.stat(module);
    const early = later.filter((module) => awaited.includes(module));
    assert.deepEqual(early, [], "loaded at a cold start");
  });
}
