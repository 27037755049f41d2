import assert from "node:assert/strict";
import { makeSecrets } from "../../local/platform/secrets.ts";
import { PROJECT } from "./check.ts";
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
  "npm:/jose@/decode/protected_header",
  "npm:/jose@/errors",
  "npm:/jose@/jwt/verify",
  "npm:/jose@/key/import",
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
  "tokens/key_proof.ts",
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

Deno.test("the driver of PostgreSQL is loaded with the first call and not before", async () => {
  const directory = await Deno.makeTempDir();
  try {
    // The function's own packages, but a driver that cannot be loaded.
    const functions = `${PROJECT}/supabase/functions`;
    const { imports } = JSON.parse(
      await Deno.readTextFile(`${functions}/unified-auth/deno.json`),
    ) as { readonly imports: Readonly<Record<string, string>> };
    const driver =
      `data:text/javascript,export default 0; throw new TypeError("the driver was loaded")`;
    await Deno.writeTextFile(
      `${directory}/deno.json`,
      JSON.stringify({ imports: { ...imports, pg: driver }, nodeModulesDir: "none" }),
    );
    await Deno.writeTextFile(
      `${directory}/main.ts`,
      `import app from "${functions}/unified-auth/index.ts";
      for (const path of ["/refresh", "/health"]) {
        const url = "http://127.0.0.1/unified-auth" + path;
        const method = path === "/refresh" ? "POST" : "GET";
        console.log("status", (await app.fetch(new Request(url, { method }))).status);
      }`,
    );
    const { sessions, projectKeys } = await makeSecrets();
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", `--config=${directory}/deno.json`, `${directory}/main.ts`],
      env: {
        ...sessions,
        SUPABASE_SERVICE_ROLE_KEY: projectKeys.serviceRole,
        SUPABASE_ANON_KEY: projectKeys.anon,
        SESSION_STORE: "postgres",
        SUPABASE_URL: "http://127.0.0.1",
        SUPABASE_DB_URL: "postgresql://nobody:none@127.0.0.1:1/none",
      },
    }).output();
    const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const statuses = output?.match(/(?<=^status )\d+$/gm);
    assert.deepEqual(statuses, ["401", "500"], `refused without it, then missed: ${errors}`);
    assert.match(output ?? "", /the driver was loaded/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
