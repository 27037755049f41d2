/**
 * What `deno task bench` is told.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Durations } from "./bench.ts";

export interface Options {
  readonly isQuick: boolean;
  /** What the names of the cases to run begin with; none: all. */
  readonly only: readonly string[];
  readonly rounds: number;
  readonly sessions: number;
  readonly seconds: Durations;
  /** Where the figures go. */
  readonly results: string;
  /** The document whose marked sections are written anew; `undefined`: none. */
  readonly document: string | undefined;
}

const PROJECT = new URL("..", import.meta.url).pathname;
const RESULTS = `${PROJECT}bench/results/latest.json`;
const DOCUMENT = `${PROJECT}docs/performance.md`;

/** @throws {TypeError} If it is told what it does not know */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      results: { type: "string" },
    },
  });
  const isQuick = values.quick;
  const only = values.only.flatMap((names) => names.split(",")).filter((name) => name !== "");
  const rounds = Number(values.rounds ?? (isQuick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new TypeError(`Cannot run this many rounds: ${values.rounds}`);
  }
  // A part of the figures, or hasty ones, must not take the place of a whole run's.
  const isWhole = !isQuick && only.length === 0;
  return {
    isQuick,
    only,
    rounds,
    sessions: isQuick ? 1000 : 4000,
    seconds: isQuick
      ? { warmUp: 0.1, closed: 0.3, open: 0.3 }
      : { warmUp: 2, closed: 0.7, open: 0.7 },
    results: values.results ?? (isWhole ? RESULTS : ""),
    document: isWhole ? DOCUMENT : undefined,
  };
}
