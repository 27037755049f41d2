/**
 * `deno task bench`: measures everything, writes the figures to `bench/results/latest.json` and what
 * they come to into `docs/performance.md`. A bar that does not hold is reported and is no error; the
 * exit code is 1 only if something could not be measured.
 *
 * @module
 */

import { print } from "../local/command.ts";
import { openBench } from "./bench.ts";
import { sizeNames } from "./growth/growth_of.ts";
import { describeMachine } from "./machine.ts";
import { readOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { writeReport } from "./report/document.ts";
import { formatFile } from "./report/format_file.ts";
import { formatDurations } from "./report/durations.ts";
import { formatVerdicts } from "./report/verdicts.ts";
import { judge, type Results, roundFigures } from "./results.ts";
import { type Measured, runRounds } from "./run_rounds.ts";
import { writeScaling } from "./scaling/write_document.ts";
import { SUITES } from "./suites.ts";

const SCALING = new URL("../docs/scaling.md", import.meta.url).pathname;

const options = readOptions(Deno.args);
const progress = createProgress();
const results = await measureAll();
await keepResults(results);
if (options.document) {
  await writeReport(options.document, { suites: SUITES, results });
  await reckonScaling(results);
}
const verdicts = SUITES.flatMap(({ bars }) => bars.map((bar) => judge(bar, results)));
print(formatVerdicts(verdicts));
if (results.durations) print(`The run took ${formatDurations(results.durations)}.`);
for (const [name, reason] of Object.entries(results.failures)) {
  print(`could not be measured: ${name}: ${reason.split("\n", 1)[0]}`);
}
Deno.exit(Object.keys(results.failures).length === 0 ? 0 : 1);

async function measureAll(): Promise<Results> {
  const { seconds, isQuick, sessions, rounds, only } = options;
  const beganAtMs = performance.now();
  const startedAt = new Date().toISOString();
  progress.say("Starting PostgreSQL and making sessions");
  await using bench = await openBench({ seconds, isQuick, sessions });
  const machine = await describeMachine(bench.admin);
  const cases = SUITES.flatMap((suite) => suite.cases)
    .filter(({ name }) => only.length === 0 || only.some((part) => name.startsWith(part)));
  if (cases.length === 0) throw new TypeError(`Cannot run --only=${only}: no case is named so`);
  const complete = ({ caseSeconds, ...measured }: Measured): Results =>
    roundFigures({
      startedAt,
      machine,
      ...measured,
      durations: {
        totalSeconds: (performance.now() - beganAtMs) / 1000,
        suiteSeconds: sumBySuite(caseSeconds),
      },
    });
  const keep = (measured: Measured) => keepResults(complete(measured));
  return complete(await runRounds({ bench, cases, rounds, progress, keep }));
}

function sumBySuite(caseSeconds: Measured["caseSeconds"]): Readonly<Record<string, number>> {
  const sums = SUITES.map(({ name, cases }) => {
    const seconds = cases.map((each) => caseSeconds[each.name] ?? 0);
    return [name, seconds.reduce((sum, each) => sum + each, 0)] as const;
  });
  return Object.fromEntries(sums.filter(([, seconds]) => seconds > 0));
}

/** Without all the figures of growth there is nothing to reckon with; the other figures stand. */
async function reckonScaling(results: Results): Promise<void> {
  if (sizeNames(results.once).length === 0) return;
  try {
    await writeScaling(SCALING, results);
  } catch (thrown) {
    progress.say(
      `docs/scaling.md is as it was: ${thrown instanceof Error ? thrown.message : thrown}`,
    );
  }
}

async function keepResults(results: Results): Promise<void> {
  if (!options.results) return;
  await Deno.writeTextFile(options.results, JSON.stringify(results));
  await formatFile(options.results);
}
