/**
 * One script for the demo's page, bundled from its modules and the client's.
 *
 * @module
 */

import { build, stop } from "esbuild";

/** Resolves with the script's bytes. Rejects where the modules do not fit together. */
export async function bundlePage(entry: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { outputFiles } = await build({
      entryPoints: [entry.pathname],
      bundle: true,
      format: "esm",
      target: "es2022",
      write: false,
      logLevel: "silent",
    });
    return new Uint8Array(outputFiles[0]?.contents ?? []);
  } finally {
    await stop(); // its process would outlive us
  }
}
