/**
 * Reckons docs/scaling.md anew from a run's figures and a simulated day: every number in it stands
 * between markers, and nobody writes there by hand.
 *
 * @module
 */

import { DEFAULTS } from "../../client/src/options.ts";
import { replaceSection } from "../report/document.ts";
import type { Results } from "../results.ts";
import { simulateDay } from "../simulation/simulate.ts";
import { type Measured, readMeasured } from "./measured.ts";
import { ASSUMPTIONS, reckon } from "./reckon.ts";
import {
  reportAssumptions,
  reportCostsOfOne,
  reportLevers,
  reportTraffic,
  reportUsers,
} from "./report.ts";

const PROJECT = new URL("../..", import.meta.url).pathname;
const DAILY_USERS = [1e6, 1e7, 1e8];
const BROWSERS_OF_EACH_KIND = 400;

/** `document` with fresh sections, formatted as the others are. */
export async function composeScaling(document: string, results: Results): Promise<string> {
  const measured = readMeasured(results);
  const day = simulateDay({ browsersOfEachKind: BROWSERS_OF_EACH_KIND });
  const calmDay = simulateDay({
    browsersOfEachKind: BROWSERS_OF_EACH_KIND,
    numbers: { ...DEFAULTS, validateEveryMs: 3 * DEFAULTS.validateEveryMs },
  });

  const reckonAll = (
    change: Partial<Parameters<typeof reckon>[1]> = {},
  ) => DAILY_USERS.map((dailyUsers) => reckon(dailyUsers, { day, measured, ...change }));
  const assuming = (assumptions: Partial<Record<keyof typeof ASSUMPTIONS, number>>) =>
    reckonAll({ assumptions: { ...ASSUMPTIONS, ...assumptions } });
  const compressed: Measured = { ...measured, fullPageBytes: measured.compressedFullPageBytes };

  const sections = {
    "scaling-traffic": reportTraffic(day),
    "scaling-costs": reportCostsOfOne(measured),
    "scaling-assumptions": reportAssumptions(),
    "scaling-users": reportUsers(reckonAll()),
    "scaling-levers": reportLevers([
      { what: "the defaults", reckonings: reckonAll() },
      { what: "events kept for 30 days", reckonings: assuming({ eventDays: 30 }) },
      { what: "events kept for 7 days", reckonings: assuming({ eventDays: 7 }) },
      { what: "`validateEveryMs` of 15 minutes", reckonings: reckonAll({ day: calmDay }) },
      {
        what: "`checkpoint_timeout` of 30 minutes",
        reckonings: assuming({ checkpointMinutes: 30 }),
      },
      { what: "`wal_compression = pglz`", reckonings: reckonAll({ measured: compressed }) },
    ]),
  };
  const text = Object.entries(sections).reduce(
    (composed, [name, section]) => replaceSection(composed, { name, section }),
    document,
  );
  return await format(text);
}

async function format(markdown: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--config=deno.json", "--ext=md", "-"],
    cwd: PROJECT,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  await new Blob([markdown]).stream().pipeTo(child.stdin);
  const { success, stdout } = await child.output();
  if (!success) throw new TypeError("Cannot format docs/scaling.md");
  return new TextDecoder().decode(stdout);
}

/** @param path of docs/scaling.md */
export async function writeScaling(path: string, results: Results): Promise<void> {
  await Deno.writeTextFile(path, await composeScaling(await Deno.readTextFile(path), results));
}
