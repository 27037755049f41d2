/**
 * `deno task test`: starts one PostgreSQL server for all test files, runs every one of them with both
 * leak sanitizers on, ends the server, and closes with a line that counts what passed and what failed.
 * Arguments are handed to `deno test`: files, directories, `--filter`.
 *
 * @module
 */

import { startTestServer, testServerEnvironment } from "../local/testing.ts";

const REPORT = await Deno.makeTempFile({ prefix: "unified-auth-", suffix: ".xml" });

const { passed, failed, succeeded } = await runTests(Deno.args);
await Deno.remove(REPORT);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(succeeded && failed === 0 && passed > 0 ? 0 : 1);

interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Whether the runner itself says so: a file that does not load is no test, and still a failure. */
  readonly succeeded: boolean;
}

async function runTests(args: readonly string[]): Promise<Counts> {
  console.log("Starting PostgreSQL for the tests");
  await using server = await startTestServer();
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--allow-all",
      "--no-check",
      "--sanitize-ops",
      "--sanitize-resources",
      `--junit-path=${REPORT}`,
      ...(args.length === 0 ? ["tests/"] : args),
    ],
    env: { ...testServerEnvironment(server), DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  }).spawn().status;
  return { ...await countTests(), succeeded: success };
}

async function countTests(): Promise<Omit<Counts, "succeeded">> {
  const report = await Deno.readTextFile(REPORT);
  const occurrences = (tag: string) => report.split(tag).length - 1;
  const failed = occurrences("<failure") + occurrences("<error");
  // A filter leaves tests out: they are listed too, but neither passed nor failed.
  return { passed: occurrences("<testcase") - occurrences("<skipped") - failed, failed };
}
