/**
 * The table of docs/browsers.md: every scenario, and the engines in which each run of the tests plays it.
 *
 * @module
 */

import { markdownTable } from "markdown-table";
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
  const head = engines.map((engine) => `${COLUMNS[engine]} ${TRIED_VERSIONS[engine]}`);
  const rows = SCENARIOS.map(({ rule, differing }) => [
    rule,
    ...engines.map((engine) => differing?.[engine] ?? "✓"),
  ]);
  return `${markdownTable([["case", ...head], ...rows])}\n`;
}
