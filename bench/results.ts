/**
 * The figures of a whole run: every round as it was measured, and what is made of them. Ratios are made
 * within a round, where both sides saw the same machine, and only then is their median taken.
 *
 * @module
 */

import type { Figures, Metrics } from "./measure.ts";
import type { Bar } from "./suite.ts";

/** The machine and the versions that were measured. */
export type Machine = Readonly<Record<string, string | number>>;

export interface Results {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly rounds: readonly Figures[];
  /** Of the cases that run once. */
  readonly once: Figures;
  /** What could not be measured, and why. */
  readonly failures: Readonly<Record<string, string>>;
  /** How long the run took. Runs of before this was kept have none. */
  readonly durations?: RunDurations;
}

export interface RunDurations {
  /** With what is made before the first case. */
  readonly totalSeconds: number;
  /** By suite, all its rounds together. */
  readonly suiteSeconds: Readonly<Record<string, number>>;
}

/** A bar with what was measured. */
export interface Verdict {
  readonly statement: string;
  readonly limit: Bar["limit"];
  /** Of each round; none when it was not measured. */
  readonly values: readonly number[];
  readonly median: number | undefined;
  readonly holds: boolean | undefined;
}

/** The middle one of an odd number of values, else the mean of the middle two. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined || sorted.length % 2 === 1) return upper;
  return ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/**
 * Five digits of every figure: more is noise, and the file stays small. The documents are made of these
 * too: made of more digits, they would now and then differ from what the file makes of them later.
 */
export function roundFigures(results: Results): Results {
  const round = (_key: string, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(5)) : value;
  return JSON.parse(JSON.stringify(results, round));
}

/** The median of every metric of every row over all rounds. */
export function medians({ rounds, once }: Results): Figures {
  const rows = [...new Set(rounds.flatMap((round) => Object.keys(round)))];
  const ofRounds = rows.map((row) => {
    const metrics = [...new Set(rounds.flatMap((round) => Object.keys(round[row] ?? {})))];
    const values = metrics.map((metric) =>
      [metric, median(valuesOf(rounds, { row, metric })) ?? NaN] as const
    );
    return [row, Object.fromEntries(values) as Metrics] as const;
  });
  return { ...once, ...Object.fromEntries(ofRounds) };
}

function valuesOf(
  rounds: readonly Figures[],
  { row, metric }: { readonly row: string; readonly metric: string },
): readonly number[] {
  return rounds.map((round) => round[row]?.[metric]).filter((value) => value !== undefined);
}

/** Judges a bar. Whatever was measured stands in the verdict, whether or not it holds. */
export function judge({ statement, limit, value }: Bar, { rounds, once }: Results): Verdict {
  // What is measured once has one value, however many rounds there were.
  const isSingle = value(once) !== undefined;
  const values = (isSingle ? [once] : rounds.map((round) => ({ ...once, ...round })))
    .map(value)
    .filter((each) => each !== undefined && Number.isFinite(each)) as readonly number[];
  const middle = median(values);
  const holds = middle === undefined
    ? undefined
    : "atLeast" in limit
    ? middle >= limit.atLeast
    : middle <= limit.atMost;
  return { statement, limit, values, median: middle, holds };
}

/** One metric of one row divided by that of another, or `undefined` where one is missing. */
export function ratio(
  figures: Figures,
  { of, to, metric }: { readonly of: string; readonly to: string; readonly metric: string },
): number | undefined {
  const [above, below] = [figures[of]?.[metric], figures[to]?.[metric]];
  return above === undefined || below === undefined ? undefined : above / below;
}
