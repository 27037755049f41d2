/**
 * The counts of a soak, and the promises that it saw broken. Knows names and numbers; what they mean is
 * the business of its callers.
 *
 * @module
 */

/** A promise that did not hold, and what led to it. */
export interface Breach {
  readonly promise: string;
  readonly story: string;
}

export type Counts = Readonly<Record<string, number>>;

export interface Ledger {
  count(group: string, name: string, times?: number): void;
  breach(promise: string, story: string): void;
  readonly breaches: readonly Breach[];
  /** By name, the most frequent first. */
  of(group: string): Counts;
  sum(group: string): number;
}

export function createLedger(): Ledger {
  const groups = new Map<string, Map<string, number>>();
  const breaches: Breach[] = [];
  const of = (group: string) =>
    Object.fromEntries(
      [...groups.get(group) ?? []].sort(([, left], [, right]) => right - left),
    );
  return {
    count(group, name, times = 1) {
      const counts = groups.get(group) ?? new Map<string, number>();
      groups.set(group, counts.set(name, (counts.get(name) ?? 0) + times));
    },
    breach: (promise, story) => void breaches.push({ promise, story }),
    breaches,
    of,
    sum: (group) => Object.values(of(group)).reduce((sum, times) => sum + times, 0),
  };
}
