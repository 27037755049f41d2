/**
 * Chance with a seed, for tests that draw what happens: what went wrong once can be drawn again.
 *
 * @module
 */

/** A number from 0 up to, but not including, 1. */
export type Chance = () => number;

/** A small generator with a seed (mulberry32): the same numbers for the same seed. */
export function seededChance(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of them, each as likely as the other. */
export function pick<Item>(chance: Chance, items: readonly Item[]): Item {
  const item = items[Math.floor(chance() * items.length)];
  if (item === undefined) throw new RangeError("Cannot pick one of nothing");
  return item;
}
