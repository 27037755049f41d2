/**
 * `deno task bench:start`: what a cold start costs, from the start of a process to its first answer, of both
 * functions and of a bare server, in turn. Modules are in Deno's cache, as the platform has them in its
 * own.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { mean, median, min } from "simple-statistics";
import { openLab } from "./lab.ts";
import { readCpuMs } from "./process_cpu.ts";
import { publish } from "./publish.ts";
import type { ServerProcess } from "./server_process.ts";

const { values } = parseArgs({
  options: { starts: { type: "string", default: "15" }, write: { type: "string" } },
});
await using lab = await openLab({ sessions: 2 });

interface Starter {
  readonly name: string;
  start(): Promise<ServerProcess>;
  /** Answered without a look at the database. */
  readonly path: string;
  readonly wallMs: number[];
  /** Counted in ticks of 10 ms: of many starts only the mean is finer. */
  readonly cpuMs: number[];
}

const starter = (name: string, path: string, start: Starter["start"]): Starter => ({
  name,
  path,
  start,
  wallMs: [],
  cpuMs: [],
});

const starters = [
  starter("Deno.serve", "/", () => lab.startFloor("hello.ts")),
  ...(["rpc", "direct"] as const).flatMap((store) => [
    starter(
      `unified-auth, ${store}`,
      "/unified-auth/.well-known/jwks.json",
      () => lab.startOurs({ store }),
    ),
    starter(
      `validate-session, ${store}`,
      "/validate-session",
      () => lab.startOurs({ store, functionName: "validate-session" }),
    ),
  ]),
];

for (let turn = 0; turn < Number(values.starts); turn += 1) {
  for (const { start, path, wallMs, cpuMs } of starters) {
    const startedAtMs = performance.now();
    await using server = await start();
    const response = await fetch(`${server.url}${path}`);
    await response.body?.cancel();
    wallMs.push(performance.now() - startedAtMs);
    cpuMs.push(readCpuMs([server.pid]));
  }
}

const [bare] = starters;
const table = [
  "| process to first answer | wall ms, median (least) | CPU ms, mean | times Deno.serve, wall | CPU |",
  "| --- | ---: | ---: | ---: | ---: |",
  ...starters.map(({ name, wallMs, cpuMs }) => {
    const cells = [
      `${median(wallMs).toFixed(0)} (${min(wallMs).toFixed(0)})`,
      mean(cpuMs).toFixed(0),
      (median(wallMs) / median(bare?.wallMs ?? [])).toFixed(1),
      (mean(cpuMs) / mean(bare?.cpuMs ?? [])).toFixed(1),
    ];
    return `| ${name} | ${cells.join(" | ")} |`;
  }),
  "",
  `${values.starts} starts of each, in turn.`,
].join("\n");
console.log(table);
if (values.write) await publish(values.write, { "cold-start": table });
