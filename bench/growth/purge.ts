/**
 * A purge of a tenth of all sessions while the others rotate: how long it takes, and what the rotations
 * notice of it.
 *
 * @module
 */

import { type Purged, purgeUntilDone } from "../../tools/retention.ts";
import type { Metrics } from "../measure.ts";
import { percentilesOf, runPgbench } from "./pgbench.ts";
import { countOf } from "./population.ts";
import { loadedSessions, rotateStatement } from "./statements.ts";
import type { Size, Study } from "./study.ts";

const CONNECTIONS = 4;
/** Far below what the database can do, so that a latency tells of what is in the way. */
const ROTATIONS_A_SECOND = 100;
const SECONDS_A_RUN = 3;

export async function measurePurge({ sizes }: Study): Promise<Metrics> {
  const size = sizes.at(-1) ?? sizes[0];
  const alone = percentilesOf(await rotate(size));

  const service = size.database.connectAs("service_role", { max: 1 });
  const startedAtMs = performance.now();
  let purged: Purged | undefined;
  const purging = purgeUntilDone(service).then((result) => {
    purged = result;
    return (performance.now() - startedAtMs) / 1000;
  });
  const latenciesMs: number[] = [];
  do latenciesMs.push(...await rotate(size)); while (purged === undefined);
  const seconds = await purging;
  const beside = percentilesOf(latenciesMs);

  const { sessions, batches } = purged;
  const forgotten = countOf("forgotten", size.sessions);
  if (sessions !== forgotten) {
    throw new TypeError(`Cannot measure the purge: ${sessions} of ${forgotten} were purged`);
  }
  return {
    sessions,
    batches,
    seconds,
    batchMeanMs: 1000 * seconds / batches,
    refreshes: latenciesMs.length,
    refreshP50AloneMs: alone.p50,
    refreshP99AloneMs: alone.p99,
    refreshP50BesideMs: beside.p50,
    refreshP99BesideMs: beside.p99,
    refreshMaxBesideMs: beside.max,
  };
}

async function rotate(size: Size): Promise<readonly number[]> {
  const perConnection = ROTATIONS_A_SECOND * SECONDS_A_RUN / CONNECTIONS;
  const { latenciesMs } = await runPgbench(size.database.url, {
    statement: rotateStatement({
      ...loadedSessions(size.sessions),
      position: size.rotations,
      perClient: perConnection,
    }),
    connections: CONNECTIONS,
    perConnection,
    ratePerSecond: ROTATIONS_A_SECOND,
  });
  size.rotations += perConnection * CONNECTIONS;
  return latenciesMs;
}
