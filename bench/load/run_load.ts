/**
 * Makes a load and measures it.
 *
 * A closed load keeps every connection busy: its rate is what the server can do, its latencies are
 * those of a server that is never given more than it can take. An open load sends at a constant rate,
 * and a latency is counted from the moment when its request was due, whether or not a connection was
 * free: a server that stalls for a second makes all the requests of that second late, as it would
 * make all its users wait, and not only the few that had got through (coordinated omission).
 *
 * @module
 */

import { readCpuMs, readFamilyCpuMs } from "../process_cpu.ts";
import { type Lane, openLanes } from "./lanes.ts";
import type { Pause } from "./pause.ts";
import { createSamples } from "./percentiles.ts";
import type { LoadPlan, LoadResult, Visitor, WatchedPart } from "./plan.ts";

/** What a run has counted. Times are of `performance.now()`. */
interface Tally {
  readonly measuredFromMs: number;
  measuredToMs: number;
  answers: number;
  wrong: number;
  firstWrong: string | undefined;
  readonly latencies: ReturnType<typeof createSamples>;
  readonly lateness: ReturnType<typeof createSamples>;
}

export async function runLoad(
  plan: LoadPlan,
  { visitors, pause }: { readonly visitors: readonly Visitor[]; readonly pause: Pause },
): Promise<LoadResult> {
  const lanes = await openLanes(plan, visitors);
  try {
    await firstContact(lanes);
    return await runLanes(lanes, { plan, pause });
  } finally {
    for (const lane of lanes) lane.close();
  }
}

async function runLanes(
  lanes: readonly Lane[],
  { plan, pause }: { readonly plan: LoadPlan; readonly pause: Pause },
): Promise<LoadResult> {
  const { arrival, warmUpSeconds, seconds } = plan;
  const startedAtMs = performance.now();
  const tally: Tally = {
    measuredFromMs: startedAtMs + warmUpSeconds * 1000,
    measuredToMs: startedAtMs + (warmUpSeconds + seconds) * 1000,
    answers: 0,
    wrong: 0,
    firstWrong: undefined,
    latencies: createSamples(),
    lateness: createSamples(),
  };
  const cpu = watchCpu(plan, tally);
  if (arrival.kind === "closed") await Promise.all(lanes.map((lane) => keepBusy(lane, tally)));
  else await sendAtRate(lanes, { ...arrival, startedAtMs, tally, pause });
  return {
    answers: tally.answers,
    wrong: tally.wrong,
    ...(tally.firstWrong === undefined ? {} : { firstWrong: tally.firstWrong }),
    seconds: (tally.measuredToMs - tally.measuredFromMs) / 1000,
    latencyMs: tally.latencies.percentiles(),
    sentLateMs: tally.lateness.percentiles(),
    cpuMs: cpu.finish(),
  };
}

/** What a server does once, for the first request of all, is no part of any figure. */
async function firstContact(lanes: readonly Lane[]): Promise<void> {
  const wrong = await Promise.all(lanes.map((lane) => lane.visit()));
  const first = wrong.find((each) => each !== null);
  if (first) throw new TypeError(`Cannot make a load: the first answer was wrong: ${first}`);
}

async function keepBusy(lane: Lane, tally: Tally): Promise<void> {
  while (true) {
    const sentAtMs = performance.now();
    if (lane.isEmpty) tally.measuredToMs = Math.min(tally.measuredToMs, sentAtMs);
    if (sentAtMs >= tally.measuredToMs) return;
    const wrong = await lane.visit();
    const answeredAtMs = performance.now();
    // A single answer that took longer than the measured time is still a measurement.
    if (tally.answers === 0) tally.measuredToMs = Math.max(tally.measuredToMs, answeredAtMs);
    if (answeredAtMs > tally.measuredToMs && wrong === null) return;
    if (answeredAtMs >= tally.measuredFromMs) count(tally, wrong, answeredAtMs - sentAtMs);
    else if (wrong !== null) count(tally, wrong, 0);
  }
}

interface OpenLoad {
  readonly ratePerSecond: number;
  readonly startedAtMs: number;
  readonly tally: Tally;
  readonly pause: Pause;
}

async function sendAtRate(lanes: readonly Lane[], load: OpenLoad): Promise<void> {
  const { ratePerSecond, startedAtMs, tally, pause } = load;
  const free = [...lanes];
  const due: number[] = [];
  const underWay = new Set<Promise<void>>();

  /** Serves a request that was due then, and whatever has become due since. */
  const serve = async (lane: Lane, first: number): Promise<void> => {
    for (let dueAtMs: number | undefined = first; dueAtMs !== undefined; dueAtMs = due.shift()) {
      if (lane.isEmpty) {
        tally.measuredToMs = Math.min(tally.measuredToMs, dueAtMs);
        return;
      }
      const wrong = await lane.visit();
      if (dueAtMs >= tally.measuredFromMs || wrong !== null) {
        count(tally, wrong, performance.now() - dueAtMs);
      }
    }
    free.push(lane);
  };

  for (let sent = 0;; sent += 1) {
    const dueAtMs = startedAtMs + sent * 1000 / ratePerSecond;
    if (dueAtMs >= tally.measuredToMs) break;
    await pauseUntil(dueAtMs, pause);
    const lane = free.shift();
    if (!lane) {
      due.push(dueAtMs);
      continue;
    }
    if (dueAtMs >= tally.measuredFromMs) tally.lateness.add(performance.now() - dueAtMs);
    const served = serve(lane, dueAtMs).finally(() => underWay.delete(served));
    underWay.add(served);
  }
  await Promise.all(underWay);
}

/** In several steps if need be: a pause may be shorter than it was asked to be, a request never early. */
async function pauseUntil(dueAtMs: number, pause: Pause): Promise<void> {
  for (let left = dueAtMs - performance.now(); left > 0; left = dueAtMs - performance.now()) {
    await pause(left);
  }
}

function count(tally: Tally, wrong: string | null, latencyMs: number): void {
  if (wrong !== null) {
    tally.wrong += 1;
    tally.firstWrong ??= wrong;
    return;
  }
  tally.answers += 1;
  tally.latencies.add(latencyMs);
}

/** Reads the CPU time of every watched part when the measured time begins and when it ends. */
function watchCpu(
  { watch = {} }: LoadPlan,
  tally: Tally,
): { finish(): Readonly<Record<string, number>> } {
  const readAll = () =>
    new Map(Object.entries(watch).map(([name, part]) => [name, readPart(part)]));
  const untilMs = (whenMs: number) => Math.max(0, whenMs - performance.now());
  let before = readAll();
  let after: typeof before | undefined;
  const timers = [
    setTimeout(() => before = readAll(), untilMs(tally.measuredFromMs)),
    setTimeout(() => after ??= readAll(), untilMs(tally.measuredToMs)),
  ];
  return {
    finish() {
      timers.forEach(clearTimeout);
      return Object.fromEntries(
        [...after ?? readAll()].map(([name, ms]) => [name, ms - (before.get(name) ?? 0)]),
      );
    },
  };
}

function readPart({ pids, withChildren = false }: WatchedPart): number {
  return withChildren ? pids.reduce((sum, pid) => sum + readFamilyCpuMs(pid), 0) : readCpuMs(pids);
}
