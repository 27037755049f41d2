/**
 * `deno task test`: runs every test with both leak sanitizers on, several files at a time, and closes with
 * a line that counts what passed and what failed. All files share one PostgreSQL server, which starts when
 * the first of them asks for it. `tests/behaviour/store` holds both stores to one contract; the few files
 * that a contract cannot stand for also run with the direct store, beside the others, and what they print
 * follows at the end. Arguments are handed to `deno test`: files, directories, `--filter`; those run once,
 * with the store that `UNIFIED_AUTH_TEST_STORE` names (`data-api` or `postgres`). `--slowest` prints which
 * files took longest.
 *
 * @module
 */

import { shareTestServer, testStore, testStoreEnvironment } from "../local/testing/test_server.ts";

/**
 * Files at a time, beside the one with the direct store. Most of a test is waiting, for a timer or for
 * another process: two cores are kept busy by more than two files. Files that are named run one after the
 * other, since their output is read meanwhile.
 */
const JOBS = "5";

/** Seconds each: a fault in any of them shows at once. */
const QUICK = ["tests/unit", "tests/checks"];

/** Files that wait for a browser, an outage or a deadline begin first, so that none of them is left at the end. */
const WAITING = [
  "tests/behaviour/engines",
  "tests/behaviour/apps",
  "tests/behaviour/browser",
  "tests/behaviour/http/login_timing_test.ts",
  "tests/behaviour/local",
  "tests/behaviour/platforms",
  "bench",
  "tests/resilience/fault",
];

const FOLDERS = [
  ...QUICK,
  ...WAITING,
  ...await listFolders("tests/resilience"),
  // Many files of a few seconds each: at the end they leave no job without one.
  ...await listFolders("tests/behaviour"),
];

/**
 * Files whose subject may differ between the stores in spite of their contract: the functions' composition, and many
 * calls at once that wait for locks, for connections or for a server that is going down.
 */
const WITH_THE_DIRECT_STORE_TOO = [
  "tests/behaviour/http/smoke_test.ts",
  "tests/resilience/fault/contention_test.ts", // its own pool and limits, busy
  "tests/resilience/fault/database_killed_test.ts", // under load
  "tests/resilience/fault/locked_users_test.ts", // more people than connections
  "tests/resilience/fault/read_only_database_test.ts", // where the data API may still write
  "tests/resilience/model", // fewer histories
  "tests/resilience/race", // two processes, a hundred calls of one moment
];

const SLOWEST_FILES = 25;

const showsSlowest = Deno.args.includes("--slowest");
const asked = Deno.args.filter((argument) => argument !== "--slowest");
const runs: readonly Run[] = asked.length > 0
  ? [{ args: asked, store: testStore(), jobs: Deno.env.get("DENO_JOBS") ?? "1" }]
  : [
    { args: FOLDERS, store: "data-api", jobs: Deno.env.get("DENO_JOBS") ?? JOBS },
    { args: WITH_THE_DIRECT_STORE_TOO, store: "postgres", jobs: "1", printsAtEnd: true },
  ];

await using server = shareTestServer();
let [passed, failed, succeeded] = [0, 0, true];
for (const { success, xml, printed } of await Promise.all(runs.map(runTests))) {
  if (printed !== "") console.log(printed);
  if (showsSlowest) printSlowest(xml);
  const counts = countTests(xml);
  passed += counts.passed;
  failed += counts.failed;
  succeeded &&= success;
}
console.log(`${passed} passed, ${failed} failed`);
// A file that does not load is no test, and still a failure.
Deno.exitCode = succeeded && failed === 0 && passed > 0 ? 0 : 1;

async function listFolders(parent: string): Promise<readonly string[]> {
  const entries = await Array.fromAsync(Deno.readDir(parent));
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => `${parent}/${name}`)
    .toSorted();
}

interface Run {
  readonly args: readonly string[];
  readonly store: ReturnType<typeof testStore>;
  readonly jobs: string;
  /** Keeps what it prints, for lines of two runs at once are read by nobody. @default {false} */
  readonly printsAtEnd?: boolean;
}

interface RunResult {
  readonly success: boolean;
  readonly xml: string;
  /** The output of a run that prints at the end. */
  readonly printed: string;
}

async function runTests(
  { args, store, jobs, printsAtEnd = false }: Run,
): Promise<RunResult> {
  const report = await Deno.makeTempFile({ prefix: "unified-auth-", suffix: ".xml" });
  const stream = printsAtEnd ? "piped" : "inherit";
  const output = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--allow-all",
      "--no-check",
      "--parallel",
      "--sanitize-ops",
      "--sanitize-resources",
      `--preload=${import.meta.dirname}/harness/suppressed_errors.ts`,
      `--junit-path=${report}`,
      ...args,
    ],
    env: {
      ...server.environment,
      ...testStoreEnvironment(store),
      DENO_JOBS: jobs,
      DENO_NO_UPDATE_CHECK: "1",
    },
    stdin: "null",
    stdout: stream,
    stderr: stream,
  }).output();
  const xml = await Deno.readTextFile(report);
  await Deno.remove(report);
  const printed = printsAtEnd ? [output.stdout, output.stderr] : [];
  const text = printed.map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { success: output.success, xml, printed: text };
}

function countTests(xml: string): { readonly passed: number; readonly failed: number } {
  const occurrences = (tag: string) => xml.split(tag).length - 1;
  const failed = occurrences("<failure") + occurrences("<error");
  // A filter leaves tests out: they are listed too, but neither passed nor failed.
  return { passed: occurrences("<testcase") - occurrences("<skipped") - failed, failed };
}

function printSlowest(xml: string): void {
  const suites = [...xml.matchAll(/<testsuite name="([^"]*)"[^>]*>([\s\S]*?)<\/testsuite>/g)]
    .map(([, name = "", cases = ""]) => ({
      name,
      seconds: [...cases.matchAll(/<testcase [^>]*time="([\d.]+)"/g)]
        .reduce((sum, [, seconds]) => sum + Number(seconds), 0),
    }))
    .toSorted((one, other) => other.seconds - one.seconds);
  for (const { name, seconds } of suites.slice(0, SLOWEST_FILES)) {
    console.log(`${seconds.toFixed(1).padStart(7)} s  ${name}`);
  }
}
