/**
 * Formatting, lint and types of every file, as Deno judges them.
 *
 * @module
 */

import { type Check, problemsOf, runProgram } from "./check.ts";

export const toolchainChecks: readonly Check[] = [
  denoCheck("formatting", ["fmt", "--check"]),
  denoCheck("lint", ["lint"]),
  denoCheck("types", ["check", "--quiet"]),
];

function denoCheck(name: string, args: readonly string[]): Check {
  return {
    name,
    run: async () => problemsOf(await runProgram(Deno.execPath(), args)),
  };
}
