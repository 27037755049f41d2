/**
 * `deno task build:client`: makes `client/dist`, or the directory that is named, which is what the package
 * publishes: one ES module and its declarations for each entry.
 *
 * @module
 */

import { build, stop } from "esbuild";
import ts from "typescript";

const HERE = new URL(".", import.meta.url).pathname;
const DIST = Deno.args[0] ?? `${HERE}dist`;
const REACT = `${HERE}src/react/index.ts`;
const ENTRIES = [
  ...["index.ts", "cache.ts", "metrics.ts", "server/index.ts", "supabase/index.ts"]
    .map((name) => `${HERE}src/${name}`),
  REACT,
];

await Deno.remove(DIST, { recursive: true }).catch((error: unknown) => {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
});
await buildModules();
buildDeclarations();

async function buildModules(): Promise<void> {
  for (const entry of ENTRIES) {
    await build({
      entryPoints: [entry],
      outdir: DIST,
      outbase: `${HERE}src`,
      bundle: true,
      format: "esm",
      target: "es2022",
      external: ["react"],
      legalComments: "none",
      // Next.js would run hooks on its server otherwise, and refuses them there.
      banner: { js: entry === REACT ? '"use client";' : "" },
    });
  }
  await stop();
}

/** Declarations keep the modules of the source; their imports name files that are published. */
function buildDeclarations(): void {
  const program = ts.createProgram(ENTRIES, {
    declaration: true,
    emitDeclarationOnly: true,
    allowImportingTsExtensions: true,
    outDir: DIST,
    rootDir: `${HERE}src`,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
  });
  const { diagnostics } = program.emit(undefined, (name, text) => {
    Deno.mkdirSync(name.slice(0, name.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(name, text.replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
  });
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length === 0) return;
  throw new Error(ts.formatDiagnostics(problems, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => HERE,
    getNewLine: () => "\n",
  }));
}
