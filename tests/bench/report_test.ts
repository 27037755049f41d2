import assert from "node:assert/strict";
import type { Figures } from "../../bench/measure.ts";
import { drawChart } from "../../bench/report/chart.ts";
import { replaceSection, writeReport } from "../../bench/report/document.ts";
import { formatVerdicts } from "../../bench/report/verdicts.ts";
import { judge, median, medians, ratio, type Results, roundFigures } from "../../bench/results.ts";
import { SUITES } from "../../bench/suites.ts";
import { readCpuMs, readFamilyCpuMs } from "../../bench/process_cpu.ts";

const round = (ours: number, floor: number): Figures => ({
  "ours/c16": { requestsPerSecond: ours },
  "floor/c16": { requestsPerSecond: floor },
});

/** A machine that is half as fast in its second round. */
const RESULTS: Results = {
  startedAt: "2026-11-25T00:00:00Z",
  machine: { cores: 2 },
  rounds: [round(900, 1000), round(400, 500), round(700, 1000)],
  once: { "single/row": { bytes: 7 } },
  failures: {},
  durations: { totalSeconds: 961.6, suiteSeconds: { costs: 599.7, growth: 42 } },
};

const BAR = {
  statement: "ours to the floor",
  limit: { atLeast: 0.75 },
  value: (figures: Figures) =>
    ratio(figures, { of: "ours/c16", to: "floor/c16", metric: "requestsPerSecond" }),
};

Deno.test("a bar is the median of the rounds' ratios, not the ratio of medians", () => {
  const verdict = judge(BAR, RESULTS);
  assert.deepEqual(verdict.values, [0.9, 0.8, 0.7]);
  assert.equal(verdict.median, 0.8);
  assert.equal(verdict.holds, true);
  assert.equal(judge({ ...BAR, limit: { atLeast: 0.81 } }, RESULTS).holds, false);
  assert.equal(judge({ ...BAR, limit: { atMost: 0.79 } }, RESULTS).holds, false);
});

Deno.test("what was not measured neither holds nor fails", () => {
  const verdict = judge({ ...BAR, value: () => undefined }, RESULTS);
  assert.equal(verdict.holds, undefined);
  assert.match(formatVerdicts([verdict]), /– \| – \| not measured/);
});

Deno.test("the median of an even number of values is the mean of the middle two", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([]), undefined);
  assert.equal(medians(RESULTS)["ours/c16"]?.["requestsPerSecond"], 700);
  assert.equal(medians(RESULTS)["single/row"]?.["bytes"], 7);
});

Deno.test("the figures that are reported are those that the file keeps", () => {
  const measured: Results = {
    ...RESULTS,
    once: { row: { bytes: 2531.5499999, perSecond: 4 / 3 } },
  };
  const reported = roundFigures(measured);
  assert.deepEqual(reported, { ...RESULTS, once: { row: { bytes: 2531.5, perSecond: 1.3333 } } });
  assert.deepEqual(roundFigures(JSON.parse(JSON.stringify(reported))), reported);
});

Deno.test("a report goes between its markers and nowhere else", () => {
  const text = "before\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nafter\n";
  const once = replaceSection(text, { name: "a", section: "new" });
  assert.equal(once, "before\n<!-- bench:a -->\n\nnew\n\n<!-- /bench:a -->\nafter\n");
  assert.equal(replaceSection(once, { name: "a", section: "new" }), once);
  assert.throws(() => replaceSection(text, { name: "b", section: "new" }), TypeError);
});

Deno.test("docs/performance.md has room for the report of every suite", async () => {
  const directory = await Deno.makeTempDir();
  const document = `${directory}/performance.md`;
  await Deno.copyFile(new URL("../../docs/performance.md", import.meta.url), document);
  await writeReport(document, { suites: SUITES, results: RESULTS });
  const text = await Deno.readTextFile(document);
  for (const { name } of SUITES) assert.match(text, new RegExp(`<!-- bench:${name} -->`));
  assert.match(text, /The\srun\stook\s16\smin\s2\ss:\scosts\s10\smin\s0\ss,\sgrowth\s42\ss\./);
  assert.match(await Deno.readTextFile(`${directory}/performance.svg`), /^<svg /);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("docs/performance.md says what the last whole run came to", async () => {
  const [document, chart] = ["performance.md", "performance.svg"].map((name) =>
    new URL(`../../docs/${name}`, import.meta.url).pathname
  );
  const results: Results = JSON.parse(
    await Deno.readTextFile(new URL("../../bench/results/latest.json", import.meta.url)),
  );
  const directory = await Deno.makeTempDir();
  const copy = `${directory}/performance.md`;
  await Deno.copyFile(document ?? "", copy);
  await writeReport(copy, { suites: SUITES, results });
  assert.equal(await Deno.readTextFile(copy), await Deno.readTextFile(document ?? ""));
  assert.equal(
    await Deno.readTextFile(`${directory}/performance.svg`),
    await Deno.readTextFile(chart ?? ""),
  );
  await Deno.remove(directory, { recursive: true });
});

Deno.test("the longest bar of a panel fills it, and what was not measured has none", () => {
  const svg = drawChart({
    "floor/select/c16": { requestsPerSecond: 8000 },
    "ours/direct/ES256/p1/validate/c16": { requestsPerSecond: 4000 },
  });
  const widths = [...svg.matchAll(/width="([\d.]+)"\s+height="16"/g)].map(([, width]) =>
    Number(width)
  );
  const [longest = 0, half = 0] = widths.filter((width) => width > 0).toSorted((a, b) => b - a);
  assert.equal(widths.filter((width) => width > 0).length, 2);
  assert.ok(Math.abs(longest - 2 * half) < 0.2, `${longest} and ${half}`);
  assert.match(svg, />8,000</);
});

Deno.test("CPU time is what a process used, with its children's where that is asked", async () => {
  const before = [readCpuMs([Deno.pid]), readFamilyCpuMs(Deno.pid)] as const;
  while (readCpuMs([Deno.pid]) === before[0]);
  const child = new Deno.Command("sh", {
    args: ["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"],
  });
  await child.output();
  const [own, family] = [readCpuMs([Deno.pid]) - before[0], readFamilyCpuMs(Deno.pid) - before[1]];
  assert.ok(own > 0, `own: ${own}`);
  assert.ok(family > own, `family: ${family}, own: ${own}`);
  assert.equal(readCpuMs([0x7fffffff]), 0, "a process that is gone has used nothing");
});
