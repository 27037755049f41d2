/**
 * The table of docs/browsers.md: every scenario, and the engines in which each run of the tests plays it.
 *
 * @module
 */

import type { EngineName } from "./engine.ts";
import { SCENARIOS } from "./engine_scenarios.ts";
import { TRIED_VERSIONS } from "./tried_versions.ts";

const COLUMNS: Readonly<Record<EngineName, string>> = {
  chromium: "Chromium",
  firefox: "Firefox",
  webkit: "WebKitGTK",
};

export function writeBrowsersTable(): string {
  const engines = Object.keys(COLUMNS) as EngineName[];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(["case", ...engines.map((engine) => `${COLUMNS[engine]} ${TRIED_VERSIONS[engine]}`)]),
    line(["-", ...engines.map(() => "-")]),
    ...SCENARIOS.map(({ rule, differing }) =>
      line([rule, ...engines.map((engine) => differing?.[engine] ?? "✓")])
    ),
    "",
  ].join("\n");
}
