/**
 * What a suite of benchmarks is made of: cases that measure, bars that judge, and a report.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Figures } from "./measure.ts";
import type { Results } from "./results.ts";

/** Measures something and answers its rows. Starts what it measures in fresh processes, and ends them. */
export type Case = RepeatedCase | SingleCase;

interface NamedCase {
  /** What `--only` takes, and the first part of its rows' names: `validate/direct`. */
  readonly name: string;
}

export interface RepeatedCase extends NamedCase {
  readonly runs?: "every round";
  run(bench: Bench): Promise<Figures>;
}

/** For what takes long to set up. It runs after all rounds. */
export interface SingleCase extends NamedCase {
  readonly runs: "once";
  run(bench: Bench): Promise<SingleFigures>;
}

export interface SingleFigures {
  readonly once: Figures;
  /** Of what it repeated by itself: they count as part of the run's first, second … round. */
  readonly rounds: readonly Figures[];
}

/** Thrown by a case that could not measure everything, so that what it did measure is kept. */
export class PartlyMeasured extends Error {
  override readonly name = "PartlyMeasured";

  constructor(
    readonly figures: SingleFigures,
    /** By the name of what is missing. */
    readonly reasons: Readonly<Record<string, string>>,
  ) {
    super(Object.entries(reasons).map(([what, reason]) => `${what}: ${reason}`).join("; "));
  }
}

/** A ratio that must hold. */
export interface Bar {
  /** What must hold, as the table says it. */
  readonly statement: string;
  readonly limit: { readonly atLeast: number } | { readonly atMost: number };
  /** From the figures of one round; `undefined` where something was not measured. */
  value(figures: Figures): number | undefined;
}

export interface Suite {
  /** Of its section in docs/performance.md, between `<!-- bench:name -->` and `<!-- /bench:name -->`. */
  readonly name: string;
  readonly cases: readonly Case[];
  readonly bars: readonly Bar[];
  /** The section, in Markdown, without a heading. */
  report(results: Results): string;
  /** Charts for the section, as SVG by the names of their files beside the document. @default {none} */
  charts?(results: Results): Readonly<Record<string, string>>;
}
