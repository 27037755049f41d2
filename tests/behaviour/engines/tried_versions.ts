/**
 * The versions that docs/browsers.md names, and the check that they are those of the run.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { EngineName } from "./engine.ts";

export const TRIED_VERSIONS: Readonly<Record<EngineName, string>> = {
  chromium: "156.0",
  firefox: "153.8",
  webkit: "2.50",
};

/**
 * Compares major versions: WebKitGTK's has two parts. Another one is said, and is a failure where all
 * programs are required, as in CI: elsewhere people have the browsers that they have.
 */
export function checkDocumentedVersion(
  engine: EngineName,
  version: string,
  isStrict = Deno.env.get("UNIFIED_AUTH_REQUIRE_PROGRAMS") === "1",
): void {
  const parts = engine === "webkit" ? 2 : 1;
  const majorOf = (full: string) => full.split(".").slice(0, parts).join(".");
  const documented = TRIED_VERSIONS[engine];
  if (majorOf(version) === majorOf(documented)) return;
  const message = `${engine} is ${version}, and docs/browsers.md names ${documented}: set ` +
    'TRIED_VERSIONS, then run "deno task types"';
  if (isStrict) assert.fail(message);
  console.warn(message);
}
