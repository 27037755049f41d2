/**
 * How the statements of a validate and of a refresh fare as the sessions become more: pgbench runs
 * them against each size in turn, every second round backwards.
 *
 * @module
 */

import type { Metrics } from "../measure.ts";
import { withCosts } from "./database_costs.ts";
import { percentilesOf, runPgbench } from "./pgbench.ts";
import {
  loadedSessions,
  rotateStatement,
  type Statement,
  validateStatement,
} from "./statements.ts";
import type { Size, Study } from "./study.ts";

/** What pgbench runs. A validate writes only when the last written activity is older than this. */
const OPERATIONS = {
  "validate": { activityIntervalSeconds: 90 * 86_400 },
  "validate-writing": { activityIntervalSeconds: 0 },
  "refresh": null,
} as const;

type Operation = keyof typeof OPERATIONS;

/** Rows are named `growth/<operation>/<size>/pgbench/c<connections>`. */
export async function measureStatements(
  study: Study,
  { rounds, transactions }: { readonly rounds: number; readonly transactions: number },
): Promise<ReadonlyMap<string, readonly Metrics[]>> {
  const rows = new Map<string, Metrics[]>();
  for (let round = 0; round < rounds; round++) {
    const sizes = round % 2 === 0 ? study.sizes : study.sizes.toReversed();
    for (const connections of [1, 16]) {
      for (const operation of Object.keys(OPERATIONS) as Operation[]) {
        for (const size of operation === "validate-writing" ? ends(sizes) : sizes) {
          const name = `growth/${operation}/${size.name}/pgbench/c${connections}`;
          const perConnection = Math.ceil(transactions / connections);
          const load = { operation, connections, perConnection };
          const metrics = await measureOnce(study, size, load);
          rows.set(name, [...rows.get(name) ?? [], metrics]);
        }
      }
    }
  }
  return rows;
}

/** The fewest and the most sessions: a write of activity is a small refresh, which every size shows. */
function ends(sizes: readonly Size[]): readonly Size[] {
  return sizes.filter((_, at) => at === 0 || at === sizes.length - 1);
}

async function measureOnce(
  { server }: Study,
  size: Size,
  { operation, connections, perConnection }: {
    readonly operation: Operation;
    readonly connections: number;
    readonly perConnection: number;
  },
): Promise<Metrics> {
  const statement = statementOf(size, { operation, perConnection });
  const { result, costs } = await withCosts(
    { admin: size.admin, pid: server.pid },
    () => runPgbench(size.database.url, { statement, connections, perConnection }),
  );
  if (operation === "refresh") size.rotations += connections * perConnection;
  const { transactions, seconds } = result;
  const latencyMs = percentilesOf(result.latenciesMs);
  return {
    p50Ms: latencyMs.p50,
    p99Ms: latencyMs.p99,
    transactionsPerSecond: transactions / seconds,
    databaseCpuUs: 1000 * costs.cpuMs / transactions,
    walBytes: costs.walBytes / transactions,
    fullPageImages: costs.fullPageImages / transactions,
  };
}

function statementOf(
  { sessions, rotations }: Size,
  { operation, perConnection }: { readonly operation: Operation; readonly perConnection: number },
): Statement {
  const validate = OPERATIONS[operation];
  return validate ? validateStatement(sessions, validate) : rotateStatement({
    ...loadedSessions(sessions),
    position: rotations,
    perClient: perConnection,
  });
}
