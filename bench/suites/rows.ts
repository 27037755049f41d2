/**
 * How cases name and gather their rows.
 *
 * @module
 */

import type { Bench } from "../bench.ts";
import type { Figures, Metrics } from "../measure.ts";

/** How many connections ask at once. The busiest comes first: what it warms serves the others too. */
const CONNECTIONS = [16, 64, 1];

export function connectionCounts(
  { isQuick }: Pick<Bench, "isQuick">,
  connections: readonly number[] = CONNECTIONS,
): readonly number[] {
  return isQuick ? connections.slice(0, 1) : connections;
}

/** Measures one after the other; each becomes a row. */
export async function mergeRows<Key>(
  keys: readonly Key[],
  nameOf: (key: Key) => string,
  measure: (key: Key) => Promise<Metrics>,
): Promise<Figures> {
  const rows: Record<string, Metrics> = {};
  for (const key of keys) rows[nameOf(key)] = await measure(key);
  return rows;
}
