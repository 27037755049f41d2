/**
 * A breadth-first search of a state space: how many states there are, and the shortest way to each
 * kind of violation.
 *
 * @module
 */

export type Step<State> =
  | { readonly line: string; readonly state: State }
  | { readonly line: string; readonly violation: string };

export interface SearchOptions<State> {
  readonly start: State;
  /** Two states of one key are one state. */
  readonly keyOf: (state: State) => string;
  readonly stepsFrom: (state: State) => readonly Step<State>[];
  /** A space that is larger than expected fails instead of filling the memory. */
  readonly maxStates: number;
  /** @default {false} */
  readonly stopsAtViolation?: boolean;
}

export interface SearchResult {
  readonly states: number;
  /** The violated promises, each with the shortest trace that leads there. */
  readonly violations: ReadonlyMap<string, readonly string[]>;
}

interface Reached<State> {
  readonly state: State;
  readonly line: string;
  readonly from: Reached<State> | null;
}

export function search<State>(
  { start, keyOf, stepsFrom, maxStates, stopsAtViolation = false }: SearchOptions<State>,
): SearchResult {
  const violations = new Map<string, readonly string[]>();
  const seen = new Set([keyOf(start)]);
  const queue: Reached<State>[] = [{ state: start, line: "", from: null }];
  for (const from of queue) { // grows as it is walked
    for (const step of stepsFrom(from.state)) {
      if ("violation" in step) {
        if (!violations.has(step.violation)) {
          violations.set(step.violation, [...traceOf(from), step.line]);
        }
        if (stopsAtViolation) return { states: seen.size, violations };
        continue;
      }
      const key = keyOf(step.state);
      if (seen.has(key)) continue;
      seen.add(key);
      if (seen.size > maxStates) throw new RangeError(`Search of more than ${maxStates} states`);
      queue.push({ ...step, from });
    }
  }
  return { states: seen.size, violations };
}

function traceOf<State>(reached: Reached<State>): readonly string[] {
  const trace: string[] = [];
  for (let at = reached; at.from !== null; at = at.from) trace.unshift(at.line);
  return trace;
}
