/**
 * Whether it stays flat as it grows: the same loads on few sessions and on many, and what rotations,
 * purges and logins by the thousand leave behind. The largest database has ten million sessions.
 *
 * @module
 */

import type { Bench } from "../bench.ts";
import { measureFunctions } from "../growth/function_latency.ts";
import { measureLogins } from "../growth/logins.ts";
import { measurePurge } from "../growth/purge.ts";
import { measureRotations } from "../growth/rotations.ts";
import { measureStatements, medianOf } from "../growth/statement_latency.ts";
import { openStudy, type Study } from "../growth/study.ts";
import { measureWal } from "../growth/wal.ts";
import type { Figures, Metrics } from "../measure.ts";
import { reportGrowth } from "../report/growth.ts";
import { median } from "../results.ts";
import { type Bar, PartlyMeasured, type Suite } from "../suite.ts";

/** How much of everything: a whole study, and a smoke test. */
const AMOUNTS = {
  whole: { rounds: 3, transactions: 1_600, rotating: 3_000, logins: 5_000 },
  quick: { rounds: 1, transactions: 64, rotating: 320, logins: 100 },
} as const;

async function study(bench: Bench): Promise<Figures> {
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
  const latencies = new Map([...statements, ...functions]);
  const figures: Figures = {
    ...Object.fromEntries([...latencies].map(([row, rounds]) => [row, medianOf(rounds)])),
    "growth/ratios": growthRatios(study, latencies),
    ...await single("rotations", () => measureRotations(study, { sessions: amounts.rotating })),
    ...await attempt("wal", () => measureWal(study, amounts), {}),
    ...await single("purge", () => measurePurge(study)),
    ...await single("logins", () => measureLogins(study, { users: amounts.logins })),
    ...await attempt("sizes", () => describeSizes(study), {}),
    "growth/seconds": seconds,
  };
  if (Object.keys(reasons).length > 0) throw new PartlyMeasured(figures, reasons);
  return figures;
}

/** How many times longer the p50 is with the most sessions than with the fewest, round by round. */
function growthRatios(
  { sizes }: Study,
  latencies: ReadonlyMap<string, readonly Metrics[]>,
): Metrics {
  const [small, large] = [sizes[0].name, sizes.at(-1)?.name];
  const ratios = [...latencies].flatMap(([row, rounds]) => {
    const others = latencies.get(row.replace(`/${large}/`, `/${small}/`));
    if (!row.includes(`/${large}/`) || others === undefined) return [];
    const values = rounds.map(({ p50Ms = NaN }, round) => p50Ms / (others[round]?.p50Ms ?? NaN));
    return [[row.replace("growth/", "").replace(`/${large}/`, "/"), median(values) ?? NaN]];
  });
  return Object.fromEntries(ratios);
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
  { ratio, atMost }: { readonly ratio: string; readonly atMost: number },
): Bar {
  return { statement, limit: { atMost }, value: (figures) => figures["growth/ratios"]?.[ratio] };
}

export const growth: Suite = {
  name: "growth",
  cases: [{ name: "growth", runs: "once", run: study }],
  bars: [
    ...[1, 16].map((connections) =>
      growthBar(
        `growth of p50 of validate, ten thousand to ten million, ${connections} connections`,
        {
          ratio: `validate/functions/c${connections}`,
          atMost: 1.25,
        },
      )
    ),
    growthBar("growth of p50 of refresh, 1 connection", {
      ratio: "refresh/functions/c1",
      atMost: 1.25,
    }),
    {
      statement: "growth of p50 of refresh to that of the bare statement, 16 connections",
      limit: { atMost: 1.1 },
      value(figures) {
        const ratios = figures["growth/ratios"];
        return (ratios?.["refresh/functions/c16"] ?? NaN) /
          (ratios?.["refresh/pgbench/c16"] ?? NaN);
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
