/**
 * `deno task bench`: measures everything, writes the figures to `bench/results/latest.json` and what
 * they come to into `docs/performance.md`. A bar that does not hold is reported and is no error; the
 * exit code is 1 only if something could not be measured.
 *
 * @module
 */

import { print } from "../local/command.ts";
import { openBench } from "./bench.ts";
import { describeMachine } from "./machine.ts";
import { readOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { writeReport } from "./report/document.ts";
import { formatFile } from "./report/format_file.ts";
import { formatVerdicts } from "./report/verdicts.ts";
import { judge, type Results } from "./results.ts";
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
  if ("growth/ratios" in results.once) await writeScaling(SCALING, results);
}
const verdicts = SUITES.flatMap(({ bars }) => bars.map((bar) => judge(bar, results)));
print(formatVerdicts(verdicts));
for (const [name, reason] of Object.entries(results.failures)) {
  print(`could not be measured: ${name}: ${reason.split("\n", 1)[0]}`);
}
Deno.exit(Object.keys(results.failures).length === 0 ? 0 : 1);

async function measureAll(): Promise<Results> {
  const { seconds, isQuick, sessions, rounds, only } = options;
  const startedAt = new Date().toISOString();
  progress.say("Starting PostgreSQL and making sessions");
  await using bench = await openBench({ seconds, isQuick, sessions });
  const machine = await describeMachine(bench.admin);
  const cases = SUITES.flatMap((suite) => suite.cases)
    .filter(({ name }) => only.length === 0 || only.some((part) => name.startsWith(part)));
  if (cases.length === 0) throw new TypeError(`Cannot run --only=${only}: no case is named so`);
  const keep = (measured: Measured) => keepResults({ startedAt, machine, ...measured });
  return { startedAt, machine, ...await runRounds({ bench, cases, rounds, progress, keep }) };
}

async function keepResults(results: Results): Promise<void> {
  if (!options.results) return;
  await Deno.writeTextFile(options.results, JSON.stringify(results, roundFigure));
  await formatFile(options.results);
}

/** Five digits of every figure: more is noise, and the file stays small. */
function roundFigure(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}
