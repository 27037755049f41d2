/**
 * What became of the bars, as a table.
 *
 * @module
 */

import type { Verdict } from "../results.ts";
import { formatFigure, formatTable } from "./table.ts";

export function formatVerdicts(verdicts: readonly Verdict[]): string {
  return formatTable(
    ["bar", "wanted", "measured", "rounds", "holds"],
    verdicts.map(({ statement, limit, median, values, holds }) => [
      statement,
      "atLeast" in limit ? `≥ ${limit.atLeast}` : `≤ ${limit.atMost}`,
      formatFigure(median),
      values.map(formatFigure).join(", ") || "–",
      holds === undefined ? "not measured" : holds ? "yes" : "**no**",
    ]),
  );
}
