/**
 * A variant of what is measured: fresh server processes, a fresh generator and whose CPU time is
 * watched, for as long as one case needs them.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import { type Generator, startGenerator } from "./load/generator_process.ts";
import { measure, type Measurement, type Metrics } from "./measure.ts";
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

export interface Variant extends AsyncDisposable {
  readonly generator: Generator;
  readonly servers: readonly ServerProcess[];
  measure(
    load:
      & Omit<Measurement, "generator" | "targets" | "watch" | "seconds">
      & Partial<
        Pick<Measurement, "seconds">
      >,
  ): Promise<Metrics>;
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
        seconds: { ...seconds, warmUp: seconds.warmUp * share },
        generator,
        targets: servers.map(({ url }) => url),
        watch,
      });
    },
    async [Symbol.asyncDispose]() {
      await generator[Symbol.asyncDispose]();
      for (const each of servers) await each[Symbol.asyncDispose]();
    },
  };
}
