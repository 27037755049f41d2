/**
 * The tables of cold starts and of what there is to load.
 *
 * @module
 */

import { medians, type Results } from "../results.ts";
import { formatFigure, formatTable } from "./table.ts";

const KILOBYTE = 1000;

export function reportStartUp(results: Results): string {
  const rows = Object.entries(medians(results)).filter(([row]) => row.startsWith("start-up/"));
  const ofRounds = (row: string, metric: string) =>
    results.rounds.flatMap((round) => round[row]?.[metric] ?? []);
  const isBundle = (row: string) => row.startsWith("start-up/bundle/");
  const starts = rows.filter(([row]) => !isBundle(row)).map(([row, metrics]) => [
    `\`${row.slice("start-up/".length)}\``,
    ...[
      metrics["firstAnswerMs"],
      Math.min(...ofRounds(row, "fastestMs")),
      Math.max(...ofRounds(row, "slowestMs")),
      metrics["cpuMs"],
    ].map(formatFigure),
  ]);
  const bundles = rows.filter(([row]) => isBundle(row)).map(([row, metrics]) => [
    `\`${row.slice("start-up/bundle/".length)}\``,
    ...[
      metrics["bytes"],
      metrics["gzipBytes"],
      metrics["wholePackagesBytes"],
      metrics["wholePackagesGzipBytes"],
    ].map((bytes) => formatFigure(bytes === undefined ? undefined : bytes / KILOBYTE)),
  ]);
  return [
    formatTable(["start to first answer", "median ms", "fastest", "slowest", "CPU ms"], starts),
    formatTable(
      ["kB", "bundle", "compressed", "its packages whole", "those compressed"],
      bundles,
    ),
  ].join("\n\n");
}
