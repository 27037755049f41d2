/**
 * The figures of a comparison, and their Markdown: the table of medians, the bars, and CPU
 * beside what people use today.
 *
 * @module
 */

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
      middle("requestsPerSecond"),
      middle("serverUs"),
      middle("gatewayUs"),
      middle("databaseUs"),
      `${middle("p50Ms")} / ${middle("p99Ms")}`,
      all.map(({ requestsPerSecond }) => round(requestsPerSecond)).join(", "),
    ];
  });
  return table(
    `${connections} connections | requests/s | server µs | gateway µs | database µs | ` +
      "p50 / p99 ms, alone | every round",
    rows,
  );
}

/** By rate, which everything on the machine changes, and by CPU, which hardly anything does. */
function renderBars({ rounds }: Run): string {
  const rows = BARS.flatMap(([of, to, atLeast]) => {
    const pairs = (rounds[of] ?? []).flatMap((one, index) => {
      const other = rounds[to]?.[index];
      return other ? [{ one, other }] : [];
    });
    if (pairs.length === 0) return [];
    const cells = (ratios: readonly number[]) => {
      const middle = median(ratios);
      const missed = atLeast !== undefined && middle < atLeast;
      const every = ratios.map((ratio) => ratio.toFixed(2)).join(", ");
      return [missed ? `**${middle.toFixed(2)}**` : middle.toFixed(2), every];
    };
    return [[
      `${of} to ${to}`,
      atLeast === undefined ? "–" : `≥ ${atLeast}`,
      ...cells(pairs.map(({ one, other }) => one.requestsPerSecond / other.requestsPerSecond)),
      ...cells(pairs.map(({ one, other }) => cpuUsOf(other) / cpuUsOf(one))),
    ]];
  });
  return table("bar | wanted | by rate | every round | by CPU | every round", rows);
}

function renderStatements({ statements }: Run): string {
  const rows = statements.map(({ name, perSecond }) => [name, round(perSecond)]);
  return table("PostgreSQL alone, pgbench | a second", rows);
}

/** CPU of all processes together. */
function renderBeside({ rounds }: Run): string {
  const cell = (what: string | number) => {
    if (typeof what === "number") return what.toLocaleString("en");
    const all = rounds[what] ?? [];
    return all.length === 0 ? "–" : round(median(all.map(cpuUsOf)));
  };
  const rows = BESIDE.map(([name, ...cells]) => [name, ...cells.map(cell)]);
  return table("| who is this? | a new refresh token | sign in with a password", rows);
}

/** Numbers, to the right of the first column. `head` has its cells apart. */
export function table(head: string, rows: readonly (readonly string[])[]): string {
  const [_, ...numbers] = head.split("|");
  return [[head], ["---", ...numbers.map(() => "---:")], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function cpuUsOf({ serverUs, gatewayUs, databaseUs }: Figures): number {
  return serverUs + gatewayUs + databaseUs;
}

/** Three digits that mean something. */
function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}
