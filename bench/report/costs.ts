/**
 * The tables of what requests cost.
 *
 * @module
 */

import type { Figures, Metrics } from "../measure.ts";
import { medians, type Results } from "../results.ts";
import { formatDurations } from "./durations.ts";
import { type Group, GROUPS } from "./labels.ts";
import { formatFigure, formatTable } from "./table.ts";

const CONNECTIONS = [1, 16, 64];

export function reportCosts(results: Results): string {
  const figures = medians(results);
  return [
    describeRun(results),
    "![Requests a second at 16 connections](performance.svg)",
    ...GROUPS.map((group) => `**${group.title}**\n\n${groupTable(group, figures)}`),
    `**Ours at 1, 16 and 64 connections**\n\n${connectionsTable(figures)}`,
    `**At the same rate: half of what the slower of both can do**\n\n${sameRateTable(figures)}`,
    `**The load generator**\n\n${generatorTable(figures)}`,
  ].join("\n\n");
}

function describeRun({ startedAt, machine, rounds, durations }: Results): string {
  const { processor, cores, loadBefore, ...versions } = machine;
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  return `Measured on ${startedAt.slice(0, 10)} in ${rounds.length} rounds, on ${cores} cores ` +
    `(${processor}; load before: ${formatFigure(Number(loadBefore))}). ` +
    (durations ? `The run took ${formatDurations(durations)}. ` : "") +
    `Versions: ${list}.`;
}

/** At 16 connections: rate and CPU at saturation, latencies at half of that rate. */
function groupTable({ rows }: Group, figures: Figures): string {
  return formatTable(
    ["16 connections", "requests/s", "p50 ms", "p99 ms", "server µs", "doors µs", "database µs"],
    rows.map(({ row, label }) => {
      const metrics: Metrics = figures[`${row}/c16`] ?? {};
      return [
        label,
        ...[
          metrics["requestsPerSecond"],
          metrics["openP50Ms"],
          metrics["openP99Ms"],
          metrics["serverCpuUs"],
          metrics["doorsCpuUs"],
          metrics["databaseCpuUs"],
        ].map(formatFigure),
      ];
    }),
  );
}

function connectionsTable(figures: Figures): string {
  const cases = [
    ...new Set(
      Object.keys(figures)
        .filter((row) => row.startsWith("ours/"))
        .map((row) => row.slice(0, row.lastIndexOf("/"))),
    ),
  ];
  return formatTable(
    [
      "store, key, processes, operation",
      ...CONNECTIONS.map((count) => `requests/s at ${count}`),
      ...CONNECTIONS.map((count) => `server µs at ${count}`),
      ...CONNECTIONS.map((count) => `p50 / p99 ms at ${count}`),
    ],
    cases.map((row) => {
      const at = CONNECTIONS.map((count) => figures[`${row}/c${count}`] ?? {});
      return [
        row.slice("ours/".length).replaceAll("/", ", "),
        ...at.map((metrics) => formatFigure(metrics["requestsPerSecond"])),
        ...at.map((metrics) => formatFigure(metrics["serverCpuUs"])),
        ...at.map((metrics) =>
          `${formatFigure(metrics["openP50Ms"])} / ${formatFigure(metrics["openP99Ms"])}`
        ),
      ];
    }),
  );
}

/** Each peer with our validate beside it. */
function sameRateTable(figures: Figures): string {
  const rows = Object.keys(figures).filter((row) => row.startsWith("same-rate/"));
  return formatTable(
    ["16 connections", "asked a second", "p50 ms", "p90 ms", "p99 ms", "longest ms"],
    rows.map((row) => {
      const [, peer = "", side] = row.split("/");
      const metrics = figures[row] ?? {};
      return [
        side === "ours" ? `validate, direct, beside ${peer}` : peer,
        ...[
          metrics["openRatePerSecond"],
          metrics["openP50Ms"],
          metrics["openP90Ms"],
          metrics["openP99Ms"],
          metrics["openMaxMs"],
        ].map(formatFigure),
      ];
    }),
  );
}

/** Its ceiling, and how much of a core it used where it was busiest after that. */
function generatorTable(figures: Figures): string {
  const rows = Object.entries(figures).filter(([, { generatorBusyShare }]) => generatorBusyShare);
  const isHello = ([row]: (typeof rows)[number]) => row.startsWith("floor/hello/");
  const busiest = rows.filter((row) => !isHello(row))
    .toSorted(([, a], [, b]) => (b["generatorBusyShare"] ?? 0) - (a["generatorBusyShare"] ?? 0))
    .slice(0, 3);
  return formatTable(
    ["row", "requests/s", "of one core", "CPU µs", "late at p50, ms", "late at p99, ms"],
    [...rows.filter(isHello), ...busiest].map(([row, metrics]) => [
      `\`${row}\``,
      ...[
        metrics["requestsPerSecond"],
        metrics["generatorBusyShare"],
        metrics["generatorCpuUs"],
        metrics["sentLateP50Ms"],
        metrics["sentLateP99Ms"],
      ].map(formatFigure),
    ]),
  );
}
