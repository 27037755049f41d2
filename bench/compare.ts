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
import { readCpuMs } from "./process_cpu.ts";
import { publish } from "./publish.ts";

const CONNECTIONS = 16;

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
const extent = values.quick
  ? { rounds: 1, sessions: 100, busy: { amount: 100 }, alone: { amount: 20 } }
  : {
    rounds: Number(values.rounds),
    sessions: 2_000,
    busy: { seconds: 3 },
    alone: { amount: 1_000 },
  };

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
  const chosen = CONTENDERS.filter(({ name }) =>
    values.only.some((start) => name.startsWith(start))
  );
  await using lab = await openLab(extent);
  const statements = await runPgbench(lab.database.url, extent.busy);
  const rounds: Record<string, Figures[]> = {};
  const describe = (played: number): Run => {
    const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1);
    const date = new Date().toISOString().slice(0, 10);
    return {
      circumstances: `Measured on ${date}: ${played} ${played === 1 ? "round" : "rounds"} on ` +
        `${navigator.hardwareConcurrency} cores in ${minutes} minutes, Deno ${Deno.version.deno}, ` +
        `load average at the start ${loadAverage.toFixed(1)}.`,
      connections: CONNECTIONS,
      rounds,
      statements,
    };
  };
  for (let round = 1; round <= extent.rounds; round += 1) {
    for (const contender of round % 2 === 1 ? chosen : chosen.toReversed()) {
      const { name } = contender;
      const figures = await measure(lab, contender);
      (rounds[name] ??= []).push(figures);
      console.error(`${round}/${extent.rounds} ${name}: ${figures.requestsPerSecond.toFixed(0)}/s`);
    }
    await keep(describe(round)); // what fails later must not take the earlier rounds along
  }
  return describe(extent.rounds);
}

async function keep(run: Run): Promise<void> {
  if (values.json) await Deno.writeTextFile(values.json, JSON.stringify(run, null, 2));
}

async function measure(lab: Lab, contender: Contender): Promise<Figures> {
  const { path, method, headers, follow, once } = contender;
  await using server = await contender.start(lab);
  const url = `${server.url}${path}`;
  const visitors = await contender.visitors(lab, url);
  const everybody = { amount: visitors.length };
  if (once) return await send(everybody);
  await send(everybody); // warms up: the process has seen every visitor
  const busy = await send(follow ? everybody : extent.busy);
  const { p50Ms, p99Ms } = await send({ connections: 1, ...extent.alone });
  return { ...busy, p50Ms, p99Ms };

  async function send(options: Partial<Load>): Promise<Figures> {
    // A session that is refreshed twice within the reuse interval is answered the same token again, which
    // is no rotation: where cookies are followed, a load takes each visitor once, after the interval.
    if (follow) await delay(1_100 * REUSE_INTERVAL_SECONDS);
    await contender.prepare?.(lab);
    const before = readCpu();
    const { answers, ...rates } = await load({
      ...{ url, method, headers, visitors, follow, connections: CONNECTIONS },
      ...options,
    });
    const after = readCpu();
    const cpuUs = (part: keyof typeof after) => 1000 * (after[part] - before[part]) / answers;
    return {
      ...rates,
      serverUs: cpuUs("server"),
      gatewayUs: cpuUs("gateway"),
      databaseUs: cpuUs("database"),
    };
  }

  function readCpu() {
    return {
      server: readCpuMs(server.pid),
      gateway: readCpuMs(lab.gateway.pid),
      database: readCpuMs(lab.postmaster),
    };
  }
}
