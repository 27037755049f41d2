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
import { startCpuClock } from "./process_cpu.ts";
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
  ? {
    rounds: 1,
    sessions: 100,
    warmUp: { amount: 100 },
    busy: { amount: 100 },
    alone: { amount: 20 },
  }
  : {
    rounds: Number(values.rounds),
    sessions: 2_500,
    warmUp: { duration: 3 },
    busy: { duration: 2 },
    alone: { amount: 500 },
  };

const run = values.from === undefined
  ? await compare()
  : JSON.parse(await Deno.readTextFile(values.from)) as Run;
const sections = renderSections(run);
console.log(Object.values(sections).join("\n\n"));
if (values.write) await publish(values.write, sections);

async function compare(): Promise<Run> {
  const startedAtMs = performance.now();
  const [loadAverage = 0] = loadavg();
  const chosen = CONTENDERS.filter(({ name }) =>
    values.only.some((start) => name.startsWith(start))
  );
  await using lab = await openLab(extent);
  const statements = await runPgbench(lab.databaseUrl, extent.busy);
  const rounds: Record<string, Figures[]> = {};
  const run = { circumstances: "", connections: CONNECTIONS, rounds, statements };
  for (let round = 1; round <= extent.rounds; round += 1) {
    for (const contender of round % 2 === 1 ? chosen : chosen.toReversed()) {
      const { name } = contender;
      const figures = await measure(lab, contender);
      (rounds[name] ??= []).push(figures);
      console.error(`${round}/${extent.rounds} ${name}: ${figures.requestsPerSecond.toFixed(0)}/s`);
    }
    const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1);
    const date = new Date().toISOString().slice(0, 10);
    run.circumstances = `Measured on ${date}: ${round} ${round === 1 ? "round" : "rounds"} on ` +
      `${navigator.hardwareConcurrency} cores in ${minutes} minutes, Deno ${Deno.version.deno}, ` +
      `load average ${loadAverage.toFixed(1)} before.`;
    // Here, as what fails later must not take the earlier rounds along.
    if (values.json) await Deno.writeTextFile(values.json, JSON.stringify(run, null, 2));
  }
  return run;
}

async function measure(lab: Lab, contender: Contender): Promise<Figures> {
  const { path, method, follow, once } = contender;
  const known = await lab.visitors[contender.visitors]();
  const visitors = follow === "warm-up" ? structuredClone(known) : known; // others lack those cookies
  await using server = await lab.start(contender);
  const everybody = { amount: visitors.length };
  if (once) return await send(everybody);
  await send({ ...everybody, follow: follow !== undefined }); // the process has seen every visitor
  // V8 compiles what is used often while it is used. The more code a server has, the longer that takes:
  // a floor's CPU is steady after a second, that of a validate falls by half over four.
  // A load that ends by time loses its last answers, and their cookies.
  await send(follow === "always" ? everybody : extent.warmUp);
  const busy = await send(follow === "always" ? everybody : extent.busy);
  const { p50Ms, p99Ms } = await send({ connections: 1, ...extent.alone });
  return { ...busy, p50Ms, p99Ms };

  async function send(options: Partial<Load>): Promise<Figures> {
    // A session that is refreshed twice within the reuse interval is answered the same token again, which
    // is no rotation: where cookies are followed, a load takes each visitor once, after the interval.
    if (follow === "always") await delay(1_100 * REUSE_INTERVAL_SECONDS);
    await Promise.all(visitors.map((visitor) => visitor.prepare?.()));
    const clocks = [server.pid, lab.gateway.pid, lab.postmaster].map(startCpuClock);
    const { answers, ...rates } = await load({
      url: `${server.url}${path}`,
      ...{ method, visitors, follow: follow === "always", connections: CONNECTIONS },
      ...options,
    });
    const [serverUs = 0, gatewayUs = 0, databaseUs = 0] = clocks.map((readMs) =>
      1000 * readMs() / answers
    );
    return { ...rates, serverUs, gatewayUs, databaseUs };
  }
}
