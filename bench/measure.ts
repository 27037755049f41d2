/**
 * One row of figures: a request under a closed load, which tells the rate that the server can keep up
 * and what it costs, and under an open one at a stated share of that rate, which tells latencies.
 *
 * @module
 */

import type { Generator } from "./load/generator_process.ts";
import type { LoadPlan, LoadResult, RequestShape, WatchedPart } from "./load/plan.ts";

/** Figures of one row. The unit is in the name; CPU is of one request, user and system together. */
export type Metrics = Readonly<Record<string, number>>;

/** Every row by its name: `suite/case/operation/connections`. */
export type Figures = Readonly<Record<string, Metrics>>;

/** The share of the saturated rate at which latencies are measured. */
export const OPEN_SHARE = 0.5;

/** The closed load before it has warmed everything but the connections. */
const OPEN_WARM_UP_SECONDS = 0.1;

/** A slow server is given time for as many requests, within reason. */
const FEWEST_OPEN = 30;
const LONGEST_OPEN_SECONDS = 10;

export interface Measurement {
  readonly generator: Generator;
  readonly targets: readonly string[];
  readonly request: RequestShape;
  /** A file of visitors. */
  readonly visitors: string;
  readonly connections: number;
  readonly seconds: { readonly warmUp: number; readonly closed: number; readonly open: number };
  readonly watch: Readonly<Record<string, WatchedPart>>;
  readonly follow?: readonly string[];
  readonly mustChange?: string;
  readonly consumes?: boolean;
  /** Puts everything back as it was before each load. @default {nothing to put back} */
  readonly restore?: () => Promise<void>;
}

/** @throws {TypeError} If any answer was wrong: such a figure measures nothing */
export async function measure(measurement: Measurement): Promise<Metrics> {
  const { seconds } = measurement;
  const closed = await run(measurement, {
    arrival: { kind: "closed" },
    seconds: seconds.closed,
    warmUpSeconds: seconds.warmUp,
  });
  const requestsPerSecond = closed.answers / closed.seconds;
  const figures: Metrics = {
    requestsPerSecond,
    closedP50Ms: closed.latencyMs.p50,
    closedP99Ms: closed.latencyMs.p99,
    generatorBusyShare: (closed.cpuMs["generator"] ?? 0) / (closed.seconds * 1000),
    ...Object.fromEntries(
      Object.entries(closed.cpuMs).map((
        [part, ms],
      ) => [`${part}CpuUs`, 1000 * ms / closed.answers]),
    ),
  };
  if (seconds.open === 0) return figures;
  return { ...figures, ...await measureAtRate(measurement, requestsPerSecond * OPEN_SHARE) };
}

/**
 * The open load alone, at a rate that something else has set.
 *
 * @throws {TypeError} If any answer was wrong
 */
export async function measureAtRate(
  measurement: Measurement,
  ratePerSecond: number,
): Promise<Metrics> {
  const { seconds } = measurement;
  const open = await run(measurement, {
    arrival: { kind: "open", ratePerSecond },
    warmUpSeconds: Math.min(seconds.warmUp, OPEN_WARM_UP_SECONDS),
    seconds: Math.max(seconds.open, Math.min(FEWEST_OPEN / ratePerSecond, LONGEST_OPEN_SECONDS)),
  });
  return {
    openRatePerSecond: ratePerSecond,
    openP50Ms: open.latencyMs.p50,
    openP90Ms: open.latencyMs.p90,
    openP99Ms: open.latencyMs.p99,
    openMaxMs: open.latencyMs.max,
    sentLateP50Ms: open.sentLateMs.p50,
    sentLateP99Ms: open.sentLateMs.p99,
  };
}

async function run(
  measurement: Measurement,
  plan: Pick<LoadPlan, "arrival" | "seconds" | "warmUpSeconds">,
): Promise<LoadResult> {
  const { generator, restore, targets, request, visitors, connections, watch } = measurement;
  const { follow, mustChange, consumes } = measurement;
  await restore?.();
  const result = await generator.run({
    ...{ targets, request, visitors, connections, watch },
    ...(follow === undefined ? {} : { follow }),
    ...(mustChange === undefined ? {} : { mustChange }),
    ...(consumes === undefined ? {} : { consumes }),
    ...plan,
  });
  requireRightAnswers(request, result);
  return result;
}

function requireRightAnswers(
  { method, path }: RequestShape,
  { answers, wrong, firstWrong }: LoadResult,
): void {
  if (wrong === 0 && answers > 0) return;
  throw new TypeError(
    `Cannot measure ${method} ${path}: ${wrong} of ${answers + wrong} answers were wrong, ` +
      `the first: ${firstWrong ?? "there was none"}`,
  );
}
