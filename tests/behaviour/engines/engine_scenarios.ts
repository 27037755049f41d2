/**
 * Runs the scenarios, all of them in each engine. The table of docs/browsers.md is written from them.
 *
 * @module
 */

import { findOptionalProgram } from "../../harness/optional_program.ts";
import type { EngineName } from "./engine.ts";
import { KEY_SHARING_SCENARIOS } from "./key_sharing_scenarios.ts";
import { KEY_STORE_SCENARIOS } from "./key_store_scenarios.ts";
import { launchEngine } from "./launch.ts";
import { openEngineProject } from "./harness.ts";
import type { Scenario } from "./scenario.ts";
import { SESSION_SCENARIOS } from "./session_scenarios.ts";
import { describeOtherVersion } from "./tried_versions.ts";

const PROGRAMS: Readonly<Record<EngineName, readonly string[]>> = {
  chromium: ["chromium"],
  firefox: ["firefox-esr"],
  webkit: ["WebKitWebDriver", "Xvfb"],
};

export const SCENARIOS: readonly Scenario[] = [
  ...SESSION_SCENARIOS,
  ...KEY_SHARING_SCENARIOS,
  ...KEY_STORE_SCENARIOS,
];

/** Tests the scenarios in one engine, where it is installed. */
export async function testEngine(engine: EngineName): Promise<void> {
  const missing: string[] = [];
  for (const program of PROGRAMS[engine]) {
    const found = await findOptionalProgram(program, `the scenarios in ${engine}`);
    if (found === undefined) missing.push(program);
  }
  if (missing.length > 0) return;
  // A browser takes seconds to start, and a project one, so scenarios of the same kind share them.
  const kinds = Map.groupBy(
    SCENARIOS,
    ({ blocksSiteData = false, isPrivate = false }) =>
      JSON.stringify({ blocksSiteData, isPrivate }),
  );
  for (const [options, scenarios] of kinds) {
    Deno.test(`${engine} ${options}`, async (test) => {
      await using browser = await launchEngine(engine, JSON.parse(options));
      const otherVersion = describeOtherVersion(engine, browser.version);
      if (otherVersion) console.warn(otherVersion);
      const projects = Map.groupBy(
        scenarios,
        ({ environment, hasSecureCookies }) => JSON.stringify({ environment, hasSecureCookies }),
      );
      for (const [settings, ofProject] of projects) {
        await using project = await openEngineProject(engine, JSON.parse(settings));
        for (const { rule, run } of ofProject) {
          await test.step(rule, () => project.play(browser, run));
        }
      }
    });
  }
}
