import assert from "node:assert/strict";
import {
  measureBundle,
  measureWholePackages,
  PLATFORM_LIMIT_BYTES,
} from "../../bench/bundle_size.ts";
import { listFunctions } from "../../local/function_processes.ts";

const PROJECT = new URL("../..", import.meta.url).pathname;

/** Two fifths of the limit: room for a bundler that is less thrifty, and for what is still to come. */
const BUNDLE_BOUND_BYTES = 2 * 1024 * 1024;

// esbuild's process ends a moment after it was told to.
const sanitizers = { sanitizeOps: false, sanitizeResources: false };

Deno.test({
  name: "the bundle of each function stays below two fifths of what the platform takes",
  ...sanitizers,
  fn: async () => {
    for (const name of await listFunctions(PROJECT)) {
      const bundle = await measureBundle(name);
      assert.ok(bundle.bytes < BUNDLE_BOUND_BYTES, `${name}: ${bundle.bytes} bytes`);
      assert.ok(bundle.sources["own"], `${name}: its own sources are in it`);
      assert.ok(bundle.sources["hono"], `${name}: its packages are in it`);
    }
  },
});

Deno.test({
  name: "even its packages whole, type declarations and all, fit compressed",
  ...sanitizers,
  fn: async () => {
    for (const name of await listFunctions(PROJECT)) {
      const { gzipBytes } = await measureWholePackages(await measureBundle(name));
      assert.ok(gzipBytes < PLATFORM_LIMIT_BYTES, `${name}: ${gzipBytes} bytes`);
    }
  },
});
