/**
 * `deno task bench`: puts the same load on everything that is compared, in turn and in fresh processes,
 * every second round backwards, and prints a table of medians, the bars with every round's ratio, and
 * what PostgreSQL alone does. Rates differ from machine to machine; ratios within a round count.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { median } from "simple-statistics";
import { type Bar, BARS, type Contender, CONTENDERS } from "./contenders.ts";
import { type Lab, openLab, REUSE_INTERVAL_SECONDS } from "./lab.ts";
import { type Load, load } from "./load.ts";
import { runPgbench } from "./pgbench.ts";
import { readCpuMs, readFamilyCpuMs } from "./process_cpu.ts";

const CONNECTIONS = 16;

/** One contender in one round. CPU is user and system time a request. */
interface Figures {
  readonly requestsPerSecond: number;
  readonly serverUs: number;
  readonly gatewayUs: number;
  readonly databaseUs: number;
  /** At one connection: what one request takes. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

type Rounds = Readonly<Record<string, readonly Figures[]>>;

interface Durations {
  readonly warmUpRequests: number;
  readonly seconds: number;
  readonly aloneSeconds: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    only: { type: "string", multiple: true, default: [""] },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
  },
});
const durations = values.quick
  ? { warmUpRequests: 50, seconds: 0.5, aloneSeconds: 0.2 }
  : { warmUpRequests: 2_000, seconds: 3, aloneSeconds: 1 };
const rounds = values.quick ? 1 : Number(values.rounds);
const chosen = CONTENDERS.filter(({ name }) => values.only.some((start) => name.startsWith(start)));

const startedAtMs = performance.now();
await using lab = await openLab({ sessions: values.quick ? 600 : 2_000 });
const statements = await runPgbench(lab.database.url, { seconds: Math.ceil(durations.seconds) });
const figures = await measureRounds(lab, chosen);
console.log(renderTable(figures));
console.log(renderBars(BARS, figures));
console.log("| PostgreSQL alone, pgbench | a second |\n| --- | ---: |");
for (const { name, perSecond } of statements) console.log(`| ${name} | ${round(perSecond)} |`);
const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1);
console.log(`\n${rounds} rounds on ${navigator.hardwareConcurrency} cores, ${minutes} minutes.`);
if (values.json) await Deno.writeTextFile(values.json, JSON.stringify(figures, null, 2));

async function measureRounds(lab: Lab, contenders: readonly Contender[]): Promise<Rounds> {
  const figures: Record<string, Figures[]> = {};
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const contender of turn % 2 === 0 ? contenders : contenders.toReversed()) {
      const measured = await measure(lab, contender, durations);
      (figures[contender.name] ??= []).push(measured);
      console.error(
        `${turn + 1}/${rounds} ${contender.name}: ${round(measured.requestsPerSecond)}/s`,
      );
    }
  }
  return figures;
}

async function measure(
  lab: Lab,
  contender: Contender,
  { warmUpRequests, seconds, aloneSeconds }: Durations,
): Promise<Figures> {
  const { server, request, amount } = await contender.open(lab);
  await using _ = server;
  const oneTurn = request.visitors.length;
  if (amount === undefined) {
    await run({ connections: CONNECTIONS, amount: Math.min(warmUpRequests, oneTurn) });
  }
  const before = readCpu();
  const busy = await run({
    connections: CONNECTIONS,
    ...(amount === undefined ? { seconds } : { amount: Math.min(amount, oneTurn) }),
  });
  const after = readCpu();
  const alone = amount === undefined ? await run({ connections: 1, seconds: aloneSeconds }) : busy;
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
  async function run(options: Pick<Load, "connections" | "amount" | "seconds">) {
    if (!request.follow) return await load({ ...request, ...options });
    await delay(1_100 * REUSE_INTERVAL_SECONDS);
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

function renderTable(figures: Rounds): string {
  const rows = Object.entries(figures).map(([name, all]) => {
    const middle = (key: keyof Figures) => round(median(all.map((one) => one[key])));
    const cells = ["requestsPerSecond", "serverUs", "gatewayUs", "databaseUs"] as const;
    const rates = all.map(({ requestsPerSecond }) => round(requestsPerSecond)).join(", ");
    return `| ${name} | ${cells.map(middle).join(" | ")} | ${middle("p50Ms")} / ${
      middle("p99Ms")
    } | ${rates} |`;
  });
  return [
    `| ${CONNECTIONS} connections | requests/s | server µs | gateway µs | database µs | p50 / p99 ms, alone | requests/s, every round |`,
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
  ].join("\n");
}

/** Of rates, which everything on the machine changes, and of CPU, which hardly anything does. */
function renderBars(bars: readonly Bar[], figures: Rounds): string {
  const rows = bars.flatMap(({ of, to, atLeast }) => {
    const pairs = (figures[of] ?? []).flatMap((one, index) => {
      const other = figures[to]?.[index];
      return other ? [{ one, other }] : [];
    });
    if (pairs.length === 0) return [];
    const byRate = pairs.map(({ one, other }) => one.requestsPerSecond / other.requestsPerSecond);
    const byCpu = pairs.map(({ one, other }) => cpuUsOf(other) / cpuUsOf(one));
    const holds = median(byRate) >= atLeast ? "yes" : "**no**";
    const all = (ratios: readonly number[]) => ratios.map((ratio) => ratio.toFixed(2)).join(", ");
    const cells = [`${of} to ${to}`, `≥ ${atLeast}`, median(byRate).toFixed(2), holds];
    return [`| ${[...cells, all(byRate), all(byCpu)].join(" | ")} |`];
  });
  return [
    "| bar | wanted | median | holds | every round | by CPU, every round |",
    "| --- | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
    "",
  ].join("\n");
}

function cpuUsOf({ serverUs, gatewayUs, databaseUs }: Figures): number {
  return serverUs + gatewayUs + databaseUs;
}

/** Three digits that mean something. */
function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}
