/**
 * `deno task ok`: everything that CI checks, then the tests. Says of each check how long it took and
 * what is wrong; the tests run only when nothing is.
 *
 * @module
 */

import { startTestServer } from "../local/testing/test_server.ts";
import { advisors } from "./checks/advisors.ts";
import { type Check, PROJECT } from "./checks/check.ts";
import { generatedFiles } from "./checks/generated_files.ts";
import { generatedPassages } from "./checks/generated_passages.ts";
import { layerRules } from "./checks/layers.ts";
import { sourceRules } from "./checks/source_rules.ts";
import { vocabulary } from "./checks/vocabulary.ts";
import { toolchainChecks } from "./checks/toolchain.ts";
import { unusedExports } from "./checks/unused_exports.ts";

const failed = [
  ...await runChecks([
    ...toolchainChecks,
    sourceRules,
    vocabulary,
    layerRules,
    unusedExports,
    generatedPassages,
  ]),
  ...await runDatabaseChecks(),
];
if (failed.length > 0) {
  console.error(`\nFAILED: ${failed.join(", ")}. The tests were not run.`);
  Deno.exit(1);
}
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["task", "--quiet", "test"],
  cwd: PROJECT,
  stdin: "null",
}).spawn().status;
Deno.exit(code);

async function runDatabaseChecks(): Promise<readonly string[]> {
  await using server = await startTestServer();
  await using database = await server.createDatabase();
  return await runChecks([...generatedFiles(database), advisors(database)]);
}

/** Answers the names of those that found something. */
async function runChecks(checks: readonly Check[]): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of checks) {
    const startedAtMs = performance.now();
    const problems = await run().catch((thrown: unknown) => [String(thrown)]);
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    console.log(`${problems.length === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
    for (const problem of problems) console.error(problem.replaceAll(/^/gm, "    "));
    if (problems.length > 0) failed.push(name);
  }
  return failed;
}
