/**
 * `deno task bench:start`: what a cold start costs, from the start of a process to its first answer, of both
 * functions and of a bare server, in turn. Modules are in Deno's cache, as the platform has them in its
 * own.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { median, min } from "simple-statistics";
import { table } from "./figures.ts";
import { openLab } from "./lab.ts";
import { readLiveThreadsCpuMs } from "./process_cpu.ts";
import { publish } from "./publish.ts";

const { values } = parseArgs({
  options: { starts: { type: "string", default: "15" }, write: { type: "string" } },
});
await using lab = await openLab({ sessions: 2 });

const ours = (functionName: "unified-auth" | "validate-session", way: "rpc" | "direct") => ({
  name: `${functionName}, ${way}`,
  // Answered without a look at the database.
  path: functionName === "unified-auth"
    ? "/unified-auth/.well-known/jwks.json"
    : "/validate-session",
  start: () => lab.startOurs({ functionName, store: way === "rpc" ? "data-api" : "postgres" }),
});
const cases = [
  { name: "Deno.serve", path: "/", start: () => lab.startFloor("hello.ts") },
  ours("unified-auth", "rpc"),
  ours("validate-session", "rpc"),
  ours("unified-auth", "direct"),
  ours("validate-session", "direct"),
].map((each) => ({ ...each, wallMs: new Array<number>(), cpuMs: new Array<number>() }));

for (let turn = 0; turn < Number(values.starts); turn += 1) {
  for (const { start, path, wallMs, cpuMs } of cases) {
    const startedAtMs = performance.now();
    await using server = await start();
    const response = await fetch(`${server.url}${path}`);
    await response.body?.cancel();
    wallMs.push(performance.now() - startedAtMs);
    cpuMs.push(readLiveThreadsCpuMs(server.pid));
  }
}

const [bare] = cases;
const rows = cases.map(({ name, wallMs, cpuMs }) => [
  name,
  `${median(wallMs).toFixed(0)} (${min(wallMs).toFixed(0)})`,
  median(cpuMs).toFixed(0),
  (median(wallMs) / median(bare?.wallMs ?? [])).toFixed(1),
  (median(cpuMs) / median(bare?.cpuMs ?? [])).toFixed(1),
]);
const HEAD =
  "process to first answer | wall ms, median (least) | CPU ms, median | times Deno.serve, wall | CPU";
const section = `${table(HEAD, rows)}\n\n${values.starts} starts of each, in turn.`;
console.log(section);
if (values.write) await publish(values.write, { "cold-start": section });
