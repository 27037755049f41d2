/**
 * `deno task bench`: puts the same load on everything that is compared, in turn and in fresh processes,
 * every second round backwards, and prints what `figures.ts` makes of it. Rates differ from machine to
 * machine; ratios within a round count.
 *
 * @module
 */

import { loadavg } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Contender, CONTENDERS } from "./contenders.ts";
import { type Figures, renderSections, type Run } from "./figures.ts";
import { type Lab, openLab, REUSE_INTERVAL_SECONDS } from "./lab.ts";
import { type Load, load } from "./load.ts";
import { runPgbench } from "./pgbench.ts";
import { readCpuMs, readFamilyCpuMs } from "./process_cpu.ts";
import { publish } from "./publish.ts";

const CONNECTIONS = 16;

interface Durations {
  readonly warmUpRequests: number;
  readonly seconds: number;
  readonly aloneSeconds: number;
  /** Instead of those seconds, where each visitor comes once. */
  readonly aloneRefreshes: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    only: { type: "string", multiple: true, default: [""] },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    from: { type: "string" },
    write: { type: "string" },
  },
});
const durations = values.quick
  ? { warmUpRequests: 50, seconds: 0.5, aloneSeconds: 0.2, aloneRefreshes: 50 }
  : { warmUpRequests: 1_000, seconds: 3, aloneSeconds: 1, aloneRefreshes: 300 };
const rounds = values.quick ? 1 : Number(values.rounds);
const chosen = CONTENDERS.filter(({ name }) => values.only.some((start) => name.startsWith(start)));

const run = values.from === undefined
  ? await compare()
  : JSON.parse(await Deno.readTextFile(values.from)) as Run;
const sections = renderSections(run);
console.log(Object.values(sections).join("\n\n"));
await keep(run);
if (values.write) await publish(values.write, sections);

async function compare(): Promise<Run> {
  const startedAtMs = performance.now();
  const [loadAverage = 0] = loadavg();
  await using lab = await openLab({ sessions: values.quick ? 600 : 2_000 });
  const statements = await runPgbench(lab.database.url, { seconds: Math.ceil(durations.seconds) });
  const figures: Record<string, Figures[]> = {};
  const describe = (played: number): Run => {
    const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1);
    const date = new Date().toISOString().slice(0, 10);
    return {
      circumstances: `Measured on ${date}: ${played} ${played === 1 ? "round" : "rounds"} on ` +
        `${navigator.hardwareConcurrency} cores in ${minutes} minutes, Deno ${Deno.version.deno}, ` +
        `load average at the start ${loadAverage.toFixed(1)}.`,
      connections: CONNECTIONS,
      rounds: figures,
      statements,
    };
  };
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const contender of turn % 2 === 0 ? chosen : chosen.toReversed()) {
      const measured = await measure(lab, contender, durations);
      (figures[contender.name] ??= []).push(measured);
      console.error(
        `${turn + 1}/${rounds} ${contender.name}: ${measured.requestsPerSecond.toFixed(0)}/s`,
      );
    }
    await keep(describe(turn + 1)); // what fails later must not take the earlier rounds along
  }
  return describe(rounds);
}

async function keep(run: Run): Promise<void> {
  if (values.json) await Deno.writeTextFile(values.json, JSON.stringify(run, null, 2));
}

async function measure(
  lab: Lab,
  contender: Contender,
  { warmUpRequests, seconds, aloneSeconds, aloneRefreshes }: Durations,
): Promise<Figures> {
  const { server, request, amount, prepare } = await contender.open(lab);
  await using _ = server;
  const oneTurn = request.visitors.length;
  if (amount === undefined) {
    await makeReady();
    await loadOnce({ connections: CONNECTIONS, amount: Math.min(warmUpRequests, oneTurn) });
  }
  await makeReady();
  const before = readCpu();
  const busy = await loadOnce({
    connections: CONNECTIONS,
    ...(amount === undefined ? { seconds } : { amount: Math.min(amount, oneTurn) }),
  });
  const after = readCpu();
  let alone = busy;
  if (amount === undefined) {
    await makeReady();
    const [seconds, amount] = [aloneSeconds, aloneRefreshes];
    alone = await loadOnce({ connections: 1, ...(request.follow ? { amount } : { seconds }) });
  }
  const cpuUs = (part: keyof typeof after) => 1000 * (after[part] - before[part]) / busy.answers;
  return {
    requestsPerSecond: busy.requestsPerSecond,
    serverUs: cpuUs("server"),
    gatewayUs: cpuUs("gateway"),
    databaseUs: cpuUs("database"),
    p50Ms: alone.p50Ms,
    p99Ms: alone.p99Ms,
  };

  /**
   * A session that is refreshed twice within the reuse interval is answered the same token again, which
   * is no rotation: where cookies are followed, a load takes each visitor once, after the interval.
   */
  async function makeReady() {
    if (!request.follow) return;
    await delay(1_100 * REUSE_INTERVAL_SECONDS);
    await prepare?.();
  }

  async function loadOnce(options: Pick<Load, "connections" | "amount" | "seconds">) {
    if (!request.follow) return await load({ ...request, ...options });
    const { connections, amount = oneTurn } = options;
    return await load({ ...request, connections, amount });
  }

  function readCpu() {
    return {
      server: readCpuMs([server.pid]),
      gateway: readCpuMs([lab.gateway.pid]),
      database: readFamilyCpuMs(lab.postmaster),
    };
  }
}
