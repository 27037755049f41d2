/**
 * The rank test of Mann and Whitney: whether one kind of measurements is larger than another. It asks
 * for the order alone, so that the long tails of a busy machine do not decide it.
 *
 * @module
 */

/**
 * How probable it is that `larger` would rank as high above `smaller` as it does if both were drawn from
 * one distribution: the one-sided p-value, by the normal approximation (good from 8 of each on).
 */
export function rankProbability(larger: readonly number[], smaller: readonly number[]): number {
  const wins = larger.reduce(
    (sum, value) => sum + smaller.reduce((won, other) => won + winOf(value, other), 0),
    0,
  );
  const [n, m] = [larger.length, smaller.length];
  const deviation = Math.sqrt(n * m * (n + m + 1) / 12);
  return upperTail((wins - n * m / 2) / deviation);
}

function winOf(value: number, other: number): number {
  if (value === other) return 0.5;
  return value > other ? 1 : 0;
}

/** Of the standard normal distribution; Abramowitz and Stegun 26.2.17, off by 7.5e-8 of 1 at most. */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const series = t * (0.319381530 +
    t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return series * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
}
