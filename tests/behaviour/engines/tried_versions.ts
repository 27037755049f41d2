/**
 * The versions that docs/browsers.md names, and how those of a run differ.
 *
 * @module
 */

import type { EngineName } from "./engine.ts";

export const TRIED_VERSIONS: Readonly<Record<EngineName, string>> = {
  chromium: "156.0",
  firefox: "153.8",
  webkit: "2.50",
};

/**
 * A line that says how the documented version differs, or null. Compares major versions: WebKitGTK's has
 * two parts. It is printed and fails nothing: a distribution's new browser is no fault of the code.
 */
export function describeOtherVersion(engine: EngineName, version: string): string | null {
  const parts = engine === "webkit" ? 2 : 1;
  const majorOf = (full: string) => full.split(".").slice(0, parts).join(".");
  const documented = TRIED_VERSIONS[engine];
  if (majorOf(version) === majorOf(documented)) return null;
  return `${engine} is ${version}, and docs/browsers.md names ${documented}: set TRIED_VERSIONS, ` +
    'then run "deno task types"';
}
