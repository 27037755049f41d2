/**
 * How our functions fare as the sessions become more: the same load on the smallest and on the largest
 * number of them, in turn, each with a server process of its own.
 *
 * @module
 */

import { findFreePort } from "../../local/postgres/server.ts";
import type { Bench } from "../bench.ts";
import { startDoors } from "../doors_process.ts";
import type { Metrics } from "../measure.ts";
import { openOurs } from "../ours.ts";
import { REFRESH_COOKIE } from "../../tests/http/browser.ts";
import { USER_AGENT } from "../population.ts";
import type { Variant } from "../variant.ts";
import { makeSlices, type Slice } from "./function_visitors.ts";
import type { Size, Study } from "./study.ts";

const OPERATIONS = ["validate", "refresh"] as const;
const CONNECTIONS = [1, 16];
const WARM_UPS = 2;
type Operation = typeof OPERATIONS[number];

/** Our functions over one database. */
interface Served {
  readonly size: Size;
  readonly variant: Variant;
  readonly slices: readonly Slice[];
  /** Which slice comes next. */
  next: number;
}

/** Rows are named `growth/<operation>/<size>/functions/c<connections>`. */
export async function measureFunctions(
  bench: Bench,
  { study, rounds }: { readonly study: Study; readonly rounds: number },
): Promise<ReadonlyMap<string, readonly Metrics[]>> {
  await using stack = new AsyncDisposableStack();
  const served: Served[] = [];
  for (const size of [study.sizes[0], study.sizes.at(-1) ?? study.sizes[0]]) {
    const port = findFreePort();
    const { secrets } = bench;
    const variant = stack.use(
      await openOurs({
        ...bench,
        database: size.database,
        postmaster: study.server.pid,
        startDoors: () => startDoors({ databaseUrl: size.database.url, port, secrets }),
      }, { store: "direct", algorithm: "HS256" }),
    );
    const slices = await makeSlices(size, {
      count: rounds * CONNECTIONS.length * OPERATIONS.length + WARM_UPS,
      secrets,
      projectUrl: `http://127.0.0.1:${port}`,
    });
    served.push({ size, variant, slices, next: 0 });
  }
  // Not part of any figure: a fresh process has its code still to compile.
  for (const each of served) {
    await measureOnce(bench, each, { operation: "validate", connections: 16, warmUp: 2.5 });
    await measureOnce(bench, each, { operation: "refresh", connections: 16 });
  }

  const rows = new Map<string, Metrics[]>();
  for (let round = 0; round < rounds; round++) {
    for (const connections of CONNECTIONS) {
      for (const operation of OPERATIONS) {
        for (const each of round % 2 === 0 ? served : served.toReversed()) {
          const name = `growth/${operation}/${each.size.name}/functions/c${connections}`;
          const metrics = await measureOnce(bench, each, { operation, connections });
          rows.set(name, [...rows.get(name) ?? [], metrics]);
        }
      }
    }
  }
  return rows;
}

async function measureOnce(
  { isQuick }: Bench,
  served: Served,
  { operation, connections, warmUp = 0.2 }: {
    readonly operation: Operation;
    readonly connections: number;
    readonly warmUp?: number;
  },
): Promise<Metrics> {
  const slice = served.slices[served.next++];
  if (slice === undefined) throw new TypeError("Cannot measure: there are no visitors");
  const file = await Deno.makeTempFile({ prefix: "unified-auth-visitors-", suffix: ".json" });
  try {
    await Deno.writeTextFile(file, JSON.stringify(slice.visitors));
    const metrics = await served.variant.measure({
      request: {
        method: "POST",
        path: `/unified-auth/${operation}`,
        headers: { "user-agent": USER_AGENT },
      },
      visitors: file,
      connections,
      restore: slice.restore,
      seconds: isQuick ? { warmUp: 0.05, closed: 0.2, open: 0 } : { warmUp, closed: 1.2, open: 0 },
      // A session that came back within the window would not rotate.
      ...(operation === "refresh" ? { mustChange: REFRESH_COOKIE, consumes: true } : {}),
    });
    const { closedP50Ms = NaN, closedP99Ms = NaN, ...others } = metrics;
    return { p50Ms: closedP50Ms, p99Ms: closedP99Ms, ...others };
  } finally {
    await Deno.remove(file);
  }
}
