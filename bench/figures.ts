/**
 * The figures of a comparison, and their Markdown: the table of medians, the bars, and CPU
 * beside what people use today.
 *
 * @module
 */

import { markdownTable } from "markdown-table";
import { median } from "simple-statistics";
import { BARS, BESIDE } from "./contenders.ts";
import type { LoadResult } from "./load.ts";

/** One contender in one round. CPU is user and system time a request, latencies are those of one connection. */
export interface Figures extends Omit<LoadResult, "answers"> {
  readonly serverUs: number;
  readonly gatewayUs: number;
  readonly databaseUs: number;
}

/** A whole run, as `--json` keeps it. */
export interface Run {
  /** When, where and under which load, in words. */
  readonly circumstances: string;
  readonly connections: number;
  /** Of each contender, by its name. */
  readonly rounds: Readonly<Record<string, readonly Figures[]>>;
  readonly statements: readonly { readonly name: string; readonly perSecond: number }[];
}

/** The run as Markdown, by the name of the section of `docs/performance.md` that holds it. */
export function renderSections(run: Run): Readonly<Record<"beside" | "requests", string>> {
  const requests = [run.circumstances, renderRounds(run), renderBars(run), renderStatements(run)];
  return { beside: renderBeside(run), requests: requests.join("\n\n") };
}

function renderRounds({ connections, rounds }: Run): string {
  const rows = Object.entries(rounds).map(([name, all]) => {
    const middle = (key: keyof Figures) => round(median(all.map((one) => one[key])));
    return [
      name,
      ...(["requestsPerSecond", "serverUs", "gatewayUs", "databaseUs"] as const).map(middle),
      `${middle("p50Ms")} / ${middle("p99Ms")}`,
      all.map(({ requestsPerSecond }) => round(requestsPerSecond)).join(", "),
    ];
  });
  const cpu = ["server µs", "gateway µs", "database µs"];
  const head = [`${connections} connections`, "requests/s", ...cpu, "p50 / p99 ms, alone"];
  return markdownTable([[...head, "every round"], ...rows], { align: [..."-rrrrrr"] });
}

/** By rate, which everything on the machine changes, and by CPU, which hardly anything does. */
function renderBars({ rounds }: Run): string {
  const rows = BARS.flatMap(([of, to, atLeast = 0]) => {
    const [ours, others] = [rounds[of], rounds[to]];
    if (!ours || !others) return [];
    const cells = (speedOf: (figures: Figures) => number) => {
      const ratios = ours.map((one, index) => speedOf(one) / speedOf(others[index] ?? one));
      const [middle, ...every] = [median(ratios), ...ratios].map((ratio) => ratio.toFixed(2));
      return [median(ratios) < atLeast ? `**${middle}**` : middle, every.join(", ")];
    };
    return [[
      `${of} to ${to}`,
      atLeast === 0 ? "–" : `≥ ${atLeast}`,
      ...cells(({ requestsPerSecond }) => requestsPerSecond),
      ...cells((figures) => 1 / cpuUsOf(figures)),
    ]];
  });
  const head = ["bar", "wanted", "by rate", "every round", "by CPU", "every round"];
  return markdownTable([head, ...rows], { align: [..."-rrrrr"] });
}

function renderStatements({ statements }: Run): string {
  const rows = statements.map(({ name, perSecond }) => [name, round(perSecond)]);
  const head = ["PostgreSQL alone, pgbench", "a second"];
  return markdownTable([head, ...rows], { align: [..."-r"] });
}

function renderBeside({ rounds }: Run): string {
  const cell = (what: string | number = "") => {
    if (typeof what === "number") return what.toLocaleString("en");
    const all = rounds[what] ?? [];
    return all.length === 0 ? "–" : round(median(all.map(cpuUsOf)));
  };
  const rows = BESIDE.map(([who, validate, refresh, login]) => [
    who,
    ...[validate, refresh, login].map(cell),
  ]);
  const head = ["", "who is this?", "a new refresh token", "sign in with a password"];
  return markdownTable([head, ...rows], { align: [..."-rrr"] });
}

/** Of all processes together. */
function cpuUsOf({ serverUs, gatewayUs, databaseUs }: Figures): number {
  return serverUs + gatewayUs + databaseUs;
}

function round(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}
