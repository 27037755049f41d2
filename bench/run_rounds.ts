/**
 * Runs cases in rounds, every second one backwards: what drifts, a machine that grows warm or a
 * neighbour that wakes up, hits each case early in one round and late in the next.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figures } from "./measure.ts";
import type { Progress } from "./progress.ts";
import type { Results } from "./results.ts";
import { type Case, PartlyMeasured } from "./suite.ts";

export interface RoundsOptions {
  readonly bench: Bench;
  readonly cases: readonly Case[];
  readonly rounds: number;
  readonly progress: Progress;
  /** Hears what there is after each round and each single case, so that a run which is interrupted keeps it. */
  readonly keep: (measured: Measured) => Promise<void>;
}

export interface Measured extends Pick<Results, "rounds" | "once" | "failures"> {
  /** Of each case, all its rounds together. */
  readonly caseSeconds: Readonly<Record<string, number>>;
}

/** A case that fails is named with its reason, and the others go on. */
export async function runRounds(
  { bench, cases, rounds, progress, keep }: RoundsOptions,
): Promise<Measured> {
  const failures: Record<string, string> = {};
  const caseSeconds: Record<string, number> = {};
  const runAll = async (label: string, these: readonly Case[]): Promise<Figures> => {
    const rows: Figures[] = [];
    for (const each of these) {
      using _step = progress.begin(`${label} ${each.name}`);
      const beganAtMs = performance.now();
      try {
        rows.push(await each.run(bench));
      } catch (thrown) {
        if (thrown instanceof PartlyMeasured) rows.push(thrown.figures);
        failures[each.name] = thrown instanceof Error ? thrown.message : String(thrown);
        progress.say(`${each.name}: ${failures[each.name]}`);
      }
      caseSeconds[each.name] = (caseSeconds[each.name] ?? 0) +
        (performance.now() - beganAtMs) / 1000;
    }
    return Object.assign({}, ...rows);
  };

  const repeated = cases.filter(({ runs = "every round" }) => runs === "every round");
  const single = cases.filter(({ runs }) => runs === "once");
  progress.expect(repeated.length * rounds + single.length);
  const measured: Figures[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const ordered = round % 2 === 1 ? repeated : repeated.toReversed();
    measured.push(await runAll(`round ${round}/${rounds}`, ordered));
    await keep({ rounds: measured, once: {}, failures, caseSeconds });
  }
  let once: Figures = {};
  for (const each of single) {
    once = { ...once, ...await runAll("once", [each]) };
    await keep({ rounds: measured, once, failures, caseSeconds });
  }
  return { rounds: measured, once, failures, caseSeconds };
}
