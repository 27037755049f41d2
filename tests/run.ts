/**
 * `deno task test`: starts one PostgreSQL server for all test files, runs every one of them with both
 * leak sanitizers on, and those that ask the functions for data a second time with the other store. Ends
 * the server, and closes with a line that counts what passed and what failed. Arguments are handed to
 * `deno test`: files, directories, `--filter`; those are run once, with the store that
 * `UNIFIED_AUTH_TEST_STORE` names (`rpc` or `postgres`).
 *
 * @module
 */

import {
  startTestServer,
  testServerEnvironment,
  testStore,
  testStoreEnvironment,
} from "../local/testing.ts";

const REPORT = await Deno.makeTempFile({ prefix: "unified-auth-", suffix: ".xml" });

/** Whatever touches data through the functions. */
const TESTS_OF_EACH_STORE = ["http", "schedules", "race", "attack", "fault", "model"]
  .map((directory) => `tests/${directory}/`);

const runs = Deno.args.length > 0 ? [{ args: Deno.args, store: testStore() }] : [
  { args: ["tests/", "bench/"], store: "rpc" },
  { args: TESTS_OF_EACH_STORE, store: "postgres" },
] as const;

let [passed, failed, succeeded] = [0, 0, true];
for (const run of runs) {
  const counts = await runTests(run);
  passed += counts.passed;
  failed += counts.failed;
  succeeded &&= counts.succeeded;
}
await Deno.remove(REPORT);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(succeeded && failed === 0 && passed > 0 ? 0 : 1);

interface Run {
  readonly args: readonly string[];
  readonly store: ReturnType<typeof testStore>;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Whether the runner itself says so: a file that does not load is no test, and still a failure. */
  readonly succeeded: boolean;
}

async function runTests({ args, store }: Run): Promise<Counts> {
  console.log(`Starting PostgreSQL for the tests (store: ${store})`);
  await using server = await startTestServer();
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--allow-all",
      "--no-check",
      "--sanitize-ops",
      "--sanitize-resources",
      `--junit-path=${REPORT}`,
      ...args,
    ],
    env: {
      ...testServerEnvironment(server),
      ...testStoreEnvironment(store),
      DENO_NO_UPDATE_CHECK: "1",
    },
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
