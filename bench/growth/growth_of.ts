/**
 * Reads the figures of a study: which sizes it had, and how a latency grew between the ends.
 *
 * @module
 */

import type { Figures } from "../measure.ts";
import { ratio } from "../results.ts";

/** The names of the sizes, the fewest sessions first. */
export function sizeNames(figures: Figures): readonly string[] {
  const sessionsOf = (name: string) => figures[`growth/size/${name}`]?.["sessions"] ?? NaN;
  return Object.keys(figures)
    .flatMap((row) => /^growth\/size\/(.+)$/.exec(row)?.[1] ?? [])
    .toSorted((left, right) => sessionsOf(left) - sessionsOf(right));
}

/**
 * How many times longer the p50 of one round is with the most sessions than with the fewest, of a row
 * without its size: `validate/functions/c16`. `undefined` where one of them is missing.
 */
export function growthOf(figures: Figures, latency: string): number | undefined {
  const [operation, ...by] = latency.split("/");
  const names = sizeNames(figures);
  const row = (size: string | undefined) => ["growth", operation, size, ...by].join("/");
  return ratio(figures, { of: row(names.at(-1)), to: row(names[0]), metric: "p50Ms" });
}
