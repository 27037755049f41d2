/**
 * A variant of what is measured: fresh server processes, a fresh generator and whose CPU time is
 * watched, for as long as one case needs them.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { type Generator, startGenerator } from "./load/generator_process.ts";
import { measure, measureAtRate, type Measurement, type Metrics } from "./measure.ts";
import { type ServerOptions, type ServerProcess, startServer } from "./server_process.ts";

/** How much of its warm-up processes need again that have answered other requests, or the same. */
const OTHER_REQUESTS_SHARE = 0.2;
const SAME_REQUESTS_SHARE = 0.08;

export interface VariantOptions {
  readonly server: ServerOptions;
  /** @default {1} */
  readonly processes?: number;
  /** Between the server and the database; counted apart. @default {none} */
  readonly doors?: { readonly pid: number };
}

/** A load without what its variant knows. */
export type VariantLoad =
  & Omit<Measurement, "generator" | "targets" | "watch" | "seconds">
  & Partial<Pick<Measurement, "seconds">>;

export interface Variant extends AsyncDisposable {
  readonly generator: Generator;
  readonly servers: readonly ServerProcess[];
  measure(load: VariantLoad): Promise<Metrics>;
  /** Latencies alone, at a rate that something else has set. It has been measured and so is warm. */
  measureAtRate(load: VariantLoad, ratePerSecond: number): Promise<Metrics>;
}

/** A variant and one request that is compared with another variant's. Ends with it. */
export interface Contender extends AsyncDisposable {
  readonly variant: Variant;
  readonly load: Omit<VariantLoad, "connections">;
}

export async function openVariant(bench: Bench, options: VariantOptions): Promise<Variant> {
  const { server, processes = 1, doors } = options;
  const servers = await Promise.all(
    Array.from({ length: processes }, () => startServer(server)),
  );
  const generator = startGenerator();
  const watch = {
    server: { pids: servers.map(({ pid }) => pid) },
    database: { pids: [bench.postmaster], withChildren: true },
    ...(doors ? { doors: { pids: [doors.pid] } } : {}),
  };
  const fixed = { generator, targets: servers.map(({ url }) => url), watch };
  const warmed = new Set<string>();
  return {
    generator,
    servers,
    measure(load) {
      const seconds = load.seconds ?? bench.seconds;
      const requests = `${load.request.path} ${load.visitors}`;
      const share = warmed.has(requests)
        ? SAME_REQUESTS_SHARE
        : warmed.size > 0
        ? OTHER_REQUESTS_SHARE
        : 1;
      warmed.add(requests);
      return measure({
        ...load,
        ...fixed,
        seconds: { ...seconds, warmUp: seconds.warmUp * share },
      });
    },
    measureAtRate: (load, ratePerSecond) =>
      measureAtRate(
        { ...load, ...fixed, seconds: load.seconds ?? bench.seconds },
        ratePerSecond,
      ),
    async [Symbol.asyncDispose]() {
      await generator[Symbol.asyncDispose]();
      for (const each of servers) await each[Symbol.asyncDispose]();
    },
  };
}
