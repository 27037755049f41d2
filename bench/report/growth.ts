/**
 * The tables of how figures change with the number of sessions.
 *
 * @module
 */

import type { Metrics } from "../measure.ts";
import { growthOf, sizeNames } from "../growth/growth_of.ts";
import { median, medians, type Results } from "../results.ts";
import { formatFigure, formatTable } from "./table.ts";

export function reportGrowth(results: Results): string {
  const figures = medians(results);
  const sizes = sizeNames(figures);
  const latencies = [
    ...new Set(
      Object.keys(figures).flatMap((row) => {
        const found = /^growth\/([a-z-]+)\/[^/]+\/(pgbench|functions)\/(c\d+)$/.exec(row);
        return found ? [found.slice(1).join(" ")] : [];
      }),
    ),
  ];
  const latencyRows = latencies.map((name) => {
    const [operation, by, connections] = name.split(" ");
    const cells = sizes.map((size) => {
      const metrics = figures[`growth/${operation}/${size}/${by}/${connections}`];
      return `${formatFigure(metrics?.["p50Ms"])} / ${formatFigure(metrics?.["p99Ms"])}`;
    });
    const growth = results.rounds
      .map((round) => growthOf({ ...results.once, ...round }, `${operation}/${by}/${connections}`))
      .filter((each) => each !== undefined);
    return [
      `${operation}, ${by}, ${connections?.slice(1)}`,
      ...cells,
      formatFigure(median(growth)),
    ];
  });
  const others = Object.entries(figures)
    .filter(([row]) => /^growth\/(?:rotations|wal|purge|logins|size|seconds)/.test(row));
  return [
    formatTable(
      ["p50 / p99 ms, by connections", ...sizes, "growth of p50"],
      latencyRows,
    ),
    formatTable(["what", "figures"], others.map(([row, metrics]) => [`\`${row}\``, list(metrics)])),
  ].join("\n\n");
}

function list(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${formatFigure(value)}`)
    .join(", ");
}
