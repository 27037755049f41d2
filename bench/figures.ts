/**
 * The figures of a comparison, and their Markdown: the table of medians, the bars, and CPU
 * beside what people use today.
 *
 * @module
 */

import { median } from "simple-statistics";
import { type Bar, BARS, BESIDE, type Beside } from "./contenders.ts";

/** One contender in one round. CPU is user and system time a request. */
export interface Figures {
  readonly requestsPerSecond: number;
  readonly serverUs: number;
  readonly gatewayUs: number;
  readonly databaseUs: number;
  /** At one connection: what one request takes. */
  readonly p50Ms: number;
  readonly p99Ms: number;
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
  const requests = [run.circumstances, renderTable(run), renderBars(run), renderStatements(run)];
  return { beside: renderBeside(run), requests: requests.join("\n\n") };
}

function renderTable({ connections, rounds }: Run): string {
  const rows = Object.entries(rounds).map(([name, all]) => {
    const middle = (key: keyof Figures) => round(median(all.map((one) => one[key])));
    const rates = all.map(({ requestsPerSecond }) => round(requestsPerSecond)).join(", ");
    return [
      name,
      ...(["requestsPerSecond", "serverUs", "gatewayUs", "databaseUs"] as const).map(middle),
      `${middle("p50Ms")} / ${middle("p99Ms")}`,
      rates,
    ];
  });
  return table(
    [`${connections} connections`],
    ["requests/s", "server µs", "gateway µs", "database µs", "p50 / p99 ms, alone", "every round"],
    rows,
  );
}

/** Of rates, which everything on the machine changes, and of CPU, which hardly anything does. */
function renderBars({ rounds }: Run): string {
  const rows = BARS.flatMap(({ of, to, atLeast }: Bar) => {
    const pairs = (rounds[of] ?? []).flatMap((one, index) => {
      const other = rounds[to]?.[index];
      return other ? [{ one, other }] : [];
    });
    if (pairs.length === 0) return [];
    const byRate = pairs.map(({ one, other }) => one.requestsPerSecond / other.requestsPerSecond);
    const byCpu = pairs.map(({ one, other }) => cpuUsOf(other) / cpuUsOf(one));
    const all = (ratios: readonly number[]) => ratios.map((ratio) => ratio.toFixed(2)).join(", ");
    const wanted = atLeast === undefined ? "–" : `≥ ${atLeast}`;
    return [[
      `${of} to ${to}`,
      wanted,
      ...[byRate, byCpu].flatMap((ratios) => {
        const holds = atLeast === undefined || median(ratios) >= atLeast;
        return [
          holds ? median(ratios).toFixed(2) : `**${median(ratios).toFixed(2)}**`,
          all(ratios),
        ];
      }),
    ]];
  });
  return table(["bar"], ["wanted", "by rate", "every round", "by CPU", "every round"], rows);
}

function renderStatements({ statements }: Run): string {
  return table(
    ["PostgreSQL alone, pgbench"],
    ["a second"],
    statements.map(({ name, perSecond }) => [name, round(perSecond)]),
  );
}

/** CPU of all processes together. */
function renderBeside({ rounds }: Run): string {
  const cell = (what: string | number | undefined) => {
    if (typeof what === "number") return what.toLocaleString("en");
    const all = rounds[what ?? ""] ?? [];
    return all.length === 0 ? "–" : round(median(all.map(cpuUsOf)));
  };
  return table(
    [""],
    ["who is this?", "a new refresh token", "sign in with a password"],
    BESIDE.map(({ name, validate, refresh, login }: Beside) => [
      name,
      cell(validate),
      cell(refresh),
      cell(login),
    ]),
  );
}

function table(
  texts: readonly string[],
  numbers: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line([...texts, ...numbers]),
    line([...texts.map(() => "---"), ...numbers.map(() => "---:")]),
    ...rows.map(line),
  ].join("\n");
}

function cpuUsOf({ serverUs, gatewayUs, databaseUs }: Figures): number {
  return serverUs + gatewayUs + databaseUs;
}

/** Three digits that mean something. */
function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}
