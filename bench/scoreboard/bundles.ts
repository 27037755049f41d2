/**
 * A contestant's size, and the script of its page. Both are esbuild's, before anything runs: it
 * keeps one process, which every `stop` ends.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import { build, stop } from "esbuild";
import { bundlePage } from "../../local/demo/bundle.ts";
import type { Contestant } from "./contestant.ts";

export interface Bundle {
  readonly script: Uint8Array<ArrayBuffer>;
  /** Of what an app imports: minified, then as `gzip -9` has it. */
  readonly gzipBytes: number;
}

export async function bundleContestant({ page, imports }: Contestant): Promise<Bundle> {
  return { gzipBytes: await measureBytes(imports), script: await bundlePage(page) };
}

async function measureBytes(imports: string): Promise<number> {
  try {
    const { outputFiles } = await build({
      stdin: { contents: imports, resolveDir: new URL(".", import.meta.url).pathname },
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2022",
      write: false,
      logLevel: "silent",
    });
    return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length;
  } finally {
    await stop();
  }
}
