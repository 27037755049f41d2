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
import { type Case, PartlyMeasured, type SingleFigures } from "./suite.ts";

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
  const run = async (label: string, each: Case): Promise<SingleFigures> => {
    using _step = progress.begin(`${label} ${each.name}`);
    const beganAtMs = performance.now();
    try {
      return each.runs === "once"
        ? await each.run(bench)
        : { once: {}, rounds: [await each.run(bench)] };
    } catch (thrown) {
      failures[each.name] = thrown instanceof Error ? thrown.message : String(thrown);
      progress.say(`${each.name}: ${failures[each.name]}`);
      return thrown instanceof PartlyMeasured ? thrown.figures : { once: {}, rounds: [] };
    } finally {
      caseSeconds[each.name] = (caseSeconds[each.name] ?? 0) +
        (performance.now() - beganAtMs) / 1000;
    }
  };

  const repeated = cases.filter(({ runs }) => runs !== "once");
  const single = cases.filter(({ runs }) => runs === "once");
  progress.expect(repeated.length * rounds + single.length);
  const measured: Figures[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const ordered = round % 2 === 1 ? repeated : repeated.toReversed();
    let figures: Figures = {};
    for (const each of ordered) {
      const { rounds: [own = {}] } = await run(`round ${round}/${rounds}`, each);
      figures = { ...figures, ...own };
    }
    measured.push(figures);
    await keep({ rounds: measured, once: {}, failures, caseSeconds });
  }
  let once: Figures = {};
  for (const each of single) {
    const own = await run("once", each);
    once = { ...once, ...own.once };
    own.rounds.forEach((figures, at) => measured[at] = { ...measured[at], ...figures });
    await keep({ rounds: measured, once, failures, caseSeconds });
  }
  return { rounds: measured, once, failures, caseSeconds };
}
