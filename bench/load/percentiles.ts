/**
 * Percentiles of all samples: every one is kept and sorted, so there is no bucket to doubt.
 *
 * @module
 */

import type { Percentiles } from "./plan.ts";

/** A growing list of samples, without an object for each. */
export interface Samples {
  add(sample: number): void;
  readonly count: number;
  percentiles(): Percentiles;
}

export function createSamples(): Samples {
  let samples = new Float64Array(4096);
  let count = 0;
  return {
    add(sample) {
      if (count === samples.length) {
        const larger = new Float64Array(samples.length * 2);
        larger.set(samples);
        samples = larger;
      }
      samples[count++] = sample;
    },
    get count() {
      return count;
    },
    percentiles() {
      const sorted = samples.slice(0, count).sort();
      // The smallest sample that the given share of all samples does not exceed.
      const at = (share: number) => sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? 0;
      return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) };
    },
  };
}
