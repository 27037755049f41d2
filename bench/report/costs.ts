/**
 * The table of what requests cost.
 *
 * @module
 */

import type { Metrics } from "../measure.ts";
import { medians, type Results } from "../results.ts";
import { formatFigure, formatTable } from "./table.ts";

const HEADER = [
  "at 16 connections",
  "requests/s",
  "p50 ms",
  "p99 ms",
  "server µs",
  "doors µs",
  "database µs",
];

export function reportCosts(results: Results): string {
  const rows = Object.entries(medians(results)).filter(([row]) =>
    row.endsWith("/c16") && !row.startsWith("growth/")
  );
  return formatTable(HEADER, rows.map(([row, metrics]) => [`\`${row}\``, ...figuresOf(metrics)]));
}

function figuresOf(metrics: Metrics): readonly string[] {
  return [
    metrics["requestsPerSecond"],
    metrics["openP50Ms"],
    metrics["openP99Ms"],
    metrics["serverCpuUs"],
    metrics["doorsCpuUs"],
    metrics["databaseCpuUs"],
  ].map(formatFigure);
}
