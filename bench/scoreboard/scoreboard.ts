/**
 * Plays every contestant through every scenario, a few at a time, and hands back what was measured.
 *
 * @module
 */

import type { TestServer } from "../../local/testing/test_server.ts";
import type { ChromiumTab } from "../../tests/harness/browser/chromium_profile.ts";
import type { Profile } from "../../tests/harness/browser/profile.ts";
import { type Bundle, bundleContestant } from "./bundles.ts";
import type { Contestant } from "./contestant.ts";
import type { Facts, Scenario } from "./scenario.ts";
import { playScenario } from "./stage.ts";

/** The measurement of one contestant in one scenario; or why there is none. */
export type Measurement = { readonly facts: Facts } | { readonly absent: string };

export interface Scoreboard {
  /** By contestant. */
  readonly gzipBytes: Readonly<Record<string, number>>;
  /** By scenario, then by contestant. */
  readonly rows: Readonly<Record<string, Readonly<Record<string, Measurement>>>>;
}

export interface ScoreboardOptions {
  readonly server: TestServer;
  readonly contestants: readonly Contestant[];
  readonly scenarios: readonly Scenario[];
  /** How many are played at the same time: most of the time is waiting. @default {3} */
  readonly lanes?: number;
  /** @default {Chromium} */
  readonly openBrowser?: () => Promise<Profile<ChromiumTab>>;
  readonly onMeasured?: (measured: {
    readonly contestant: Contestant;
    readonly scenario: Scenario;
    readonly facts: Facts;
    readonly seconds: number;
  }) => void;
}

export async function measureScoreboard(options: ScoreboardOptions): Promise<Scoreboard> {
  const { server, contestants, scenarios, lanes = 3, openBrowser, onMeasured } = options;
  const bundles = new Map<Contestant, Bundle>();
  for (const contestant of contestants) bundles.set(contestant, await bundleContestant(contestant));

  const rows: Record<string, Record<string, Measurement>> = {};
  const games = scenarios.flatMap((scenario) => {
    const row = rows[scenario.id] = {} as Record<string, Measurement>;
    return [...bundles].map(([contestant, bundle]) => async () => {
      const absent = contestant.absent[scenario.id];
      if (absent !== undefined) return void (row[contestant.id] = { absent });
      const startedMs = performance.now();
      const facts = await playScenario(scenario, { contestant, bundle, server, openBrowser }).catch(
        (thrown: unknown) => {
          throw new Error(`${scenario.id} with ${contestant.name}: ${thrown}`, { cause: thrown });
        },
      );
      row[contestant.id] = { facts };
      const seconds = (performance.now() - startedMs) / 1000;
      onMeasured?.({ contestant, scenario, facts, seconds });
    });
  });
  await playAll(games, lanes);
  return {
    rows,
    gzipBytes: Object.fromEntries(
      [...bundles].map(([{ id }, { gzipBytes }]) => [id, gzipBytes]),
    ),
  };
}

/** When one fails, those under way end and no other begins. */
async function playAll(games: (() => Promise<void>)[], lanes: number): Promise<void> {
  const waiting = [...games];
  const failures: unknown[] = [];
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let game = waiting.shift(); game && failures.length === 0; game = waiting.shift()) {
      await game().catch((thrown: unknown) => failures.push(thrown));
    }
  }));
  if (failures.length > 0) throw failures[0];
}
