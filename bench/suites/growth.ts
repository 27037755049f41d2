/**
 * Whether it stays flat as it grows: the same loads on few sessions and on many, and what rotations,
 * purges and logins by the thousand leave behind. The largest database has ten million sessions.
 *
 * @module
 */

import type { Bench } from "../bench.ts";
import { measureFunctions } from "../growth/function_latency.ts";
import { growthOf } from "../growth/growth_of.ts";
import { measureLogins } from "../growth/logins.ts";
import { measurePurge } from "../growth/purge.ts";
import { measureRotations } from "../growth/rotations.ts";
import { measureStatements } from "../growth/statement_latency.ts";
import { openStudy, type Study } from "../growth/study.ts";
import { measureWal } from "../growth/wal.ts";
import type { Figures, Metrics } from "../measure.ts";
import { reportGrowth } from "../report/growth.ts";
import { type Bar, PartlyMeasured, type SingleFigures, type Suite } from "../suite.ts";

/** How much of everything: a whole study, and a smoke test. */
const AMOUNTS = {
  whole: { rounds: 3, transactions: 1_400, rotating: 2_000, logins: 5_000 },
  quick: { rounds: 1, transactions: 64, rotating: 320, logins: 100 },
} as const;

async function study(bench: Bench): Promise<SingleFigures> {
  const amounts = bench.isQuick ? AMOUNTS.quick : AMOUNTS.whole;
  const beganAtMs = performance.now();
  await using study = await openStudy(bench);
  const seconds: Record<string, number> = { load: (performance.now() - beganAtMs) / 1000 };
  const reasons: Record<string, string> = {};
  /** A part that fails is named, and takes none of the others along. */
  const attempt = async <Result>(
    part: string,
    measure: () => Promise<Result>,
    none: Result,
  ): Promise<Result> => {
    const partBeganAtMs = performance.now();
    try {
      return await measure();
    } catch (thrown) {
      reasons[part] = thrown instanceof Error ? thrown.message : String(thrown);
      return none;
    } finally {
      seconds[part] = (performance.now() - partBeganAtMs) / 1000;
    }
  };
  const single = (part: string, measure: () => Promise<Metrics>) =>
    attempt(part, async () => ({ [`growth/${part}`]: await measure() }), {});

  const none: ReadonlyMap<string, readonly Metrics[]> = new Map();
  const statements = await attempt("statements", () => measureStatements(study, amounts), none);
  const functions = await attempt(
    "functions",
    () => measureFunctions(bench, { study, rounds: amounts.rounds }),
    none,
  );
  const latencies = [...statements, ...functions];
  const rounds = Array.from({ length: amounts.rounds }, (_, round): Figures =>
    Object.fromEntries(
      latencies.flatMap(([row, metrics]) => {
        const own = metrics[round];
        return own === undefined ? [] : [[row, own]];
      }),
    ));
  const once: Figures = {
    ...await single("rotations", () => measureRotations(study, { sessions: amounts.rotating })),
    ...await attempt("wal", () => measureWal(study, amounts), {}),
    ...await single("purge", () => measurePurge(study)),
    ...await single("logins", () => measureLogins(study, { users: amounts.logins })),
    ...await attempt("sizes", () => describeSizes(study), {}),
    "growth/seconds": seconds,
  };
  if (Object.keys(reasons).length > 0) throw new PartlyMeasured({ once, rounds }, reasons);
  return { once, rounds };
}

async function describeSizes({ sizes }: Study): Promise<Figures> {
  const rows: Record<string, Metrics> = {};
  for (const { name, sessions, admin, loadSeconds } of sizes) {
    const [bytes] = await admin<{ table: number; indexes: number; users: number }[]>`
      select
        pg_relation_size('public.sessions')::float8 as table,
        pg_indexes_size('public.sessions')::float8 as indexes,
        pg_total_relation_size('auth.users')::float8 as users`;
    rows[`growth/size/${name}`] = {
      sessions,
      loadSeconds,
      tableBytes: bytes?.table ?? NaN,
      indexBytes: bytes?.indexes ?? NaN,
      userBytes: bytes?.users ?? NaN,
    };
  }
  return rows;
}

function growthBar(
  statement: string,
  { latency, atMost }: { readonly latency: string; readonly atMost: number },
): Bar {
  return { statement, limit: { atMost }, value: (figures) => growthOf(figures, latency) };
}

export const growth: Suite = {
  name: "growth",
  cases: [{ name: "growth", runs: "once", run: study }],
  bars: [
    ...[1, 16].map((connections) =>
      growthBar(
        `growth of p50 of validate, ten thousand to ten million, ${connections} connections`,
        {
          latency: `validate/functions/c${connections}`,
          atMost: 1.25,
        },
      )
    ),
    growthBar("growth of p50 of refresh, 1 connection", {
      latency: "refresh/functions/c1",
      atMost: 1.25,
    }),
    {
      statement: "growth of p50 of refresh to that of the bare statement, 16 connections",
      limit: { atMost: 1.1 },
      value(figures) {
        const ours = growthOf(figures, "refresh/functions/c16");
        const bare = growthOf(figures, "refresh/pgbench/c16");
        return ours === undefined || bare === undefined ? undefined : ours / bare;
      },
    },
    {
      statement: "rotations that are HOT updates",
      limit: { atLeast: 0.99 },
      value: (figures) => figures["growth/rotations"]?.["hotShare"],
    },
    {
      statement: "growth of the table after 20 rotations of every session",
      limit: { atMost: 0.3 },
      value: (figures) => figures["growth/rotations"]?.["tableGrowthShare"],
    },
    {
      statement: "most live sessions of one user after everybody logged in at once",
      limit: { atMost: 5 },
      value: (figures) => figures["growth/logins"]?.["mostSessionsOfOneUser"],
    },
  ],
  report: reportGrowth,
};
