/**
 * Random numbers that are the same every time, from a seed (mulberry32).
 *
 * @module
 */

/** At least 0 and less than 1. */
export function createRandom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9E3779B9);
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
