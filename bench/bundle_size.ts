/**
 * How large a function is once it is deployed. The platform bundles what `functions deploy --use-api`
 * uploads. How, it does not say: a bundle of everything that the function imports stands for it,
 * neither minified nor split; and for a bundler that takes packages whole, those, compressed.
 *
 * @module
 */

import { build, stop } from "esbuild";

/** What the platform refuses to deploy. */
export const PLATFORM_LIMIT_BYTES = 5 * 1024 * 1024;

export interface BundleSize {
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Source bytes of each package that the bundle was made of; `own` is the project's. */
  readonly sources: Readonly<Record<string, number>>;
  /** The folders of these packages. */
  readonly packages: readonly string[];
}

const PROJECT = new URL("..", import.meta.url).pathname;

export async function measureBundle(functionName: string): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    entryPoints: [`supabase/functions/${functionName}/index.ts`],
    absWorkingDir: PROJECT,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node", // its built-in modules are there on the platform too
    target: "esnext",
    logLevel: "silent",
  }).finally(stop);
  const bundle = new Uint8Array(outputFiles[0]?.contents ?? []);
  const sources: Record<string, number> = {};
  const folders = new Set<string>();
  for (const [path, { bytes }] of Object.entries(metafile.inputs)) {
    const { folder, name } = packageOf(path) ?? { folder: undefined, name: "own" };
    if (folder !== undefined) folders.add(folder);
    sources[name] = (sources[name] ?? 0) + bytes;
  }
  return {
    bytes: bundle.length,
    gzipBytes: await gzipLength(bundle),
    sources,
    packages: [...folders].map((folder) => `${PROJECT}${folder}`),
  };
}

/** Every file of these packages, compressed: type declarations and source maps too. */
export async function measureWholePackages(
  { packages }: Pick<BundleSize, "packages">,
): Promise<{ readonly bytes: number; readonly gzipBytes: number }> {
  let [bytes, gzipBytes] = [0, 0];
  for (const folder of packages) {
    for await (const file of filesOf(folder)) {
      const content = await Deno.readFile(file);
      bytes += content.length;
      gzipBytes += await gzipLength(content);
    }
  }
  return { bytes, gzipBytes };
}

/** The package that a file belongs to, `undefined` for one of the project's own. */
function packageOf(path: string): { readonly folder: string; readonly name: string } | undefined {
  const [folder, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  return folder && name ? { folder, name } : undefined;
}

async function* filesOf(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesOf(path);
    else if (entry.isFile) yield path;
  }
}

async function gzipLength(content: Uint8Array<ArrayBuffer>): Promise<number> {
  const compressed = new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(compressed).arrayBuffer()).byteLength;
}
