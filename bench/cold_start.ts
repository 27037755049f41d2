/**
 * `deno task bench:start`: what a cold start costs, from the start of a process to its first answer, of both
 * functions and of a bare server, in turn. Modules are in Deno's cache, as the platform has them in its
 * own; the answer asks no database, so there is none.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { markdownTable } from "markdown-table";
import { median, min } from "simple-statistics";
import { makeSecrets } from "../local/platform/secrets.ts";
import { functionEnvironment } from "../local/platform/stack.ts";
import { readLiveThreadsCpuMs } from "./process_cpu.ts";
import { publish } from "./publish.ts";
import { startServer } from "./server_process.ts";

const { values } = parseArgs({
  options: { starts: { type: "string", default: "15" }, write: { type: "string" } },
});
const environment = functionEnvironment({
  baseUrl: "http://127.0.0.1",
  secrets: await makeSecrets(),
  databaseUrl: "postgresql://postgres@127.0.0.1/postgres",
});
const UNIFIED_AUTH = {
  program: "supabase/functions/unified-auth/index.ts",
  path: "/unified-auth/.well-known/jwks.json",
};
const VALIDATE_SESSION = {
  program: "supabase/functions/validate-session/index.ts",
  path: "/validate-session",
};
const cases = [
  { name: "Deno.serve", program: "bench/servers/hello.ts", path: "/", store: "" },
  { name: "unified-auth, rpc", ...UNIFIED_AUTH, store: "data-api" },
  { name: "validate-session, rpc", ...VALIDATE_SESSION, store: "data-api" },
  { name: "unified-auth, direct", ...UNIFIED_AUTH, store: "postgres" },
  { name: "validate-session, direct", ...VALIDATE_SESSION, store: "postgres" },
].map((each) => ({ ...each, wallMs: new Array<number>(), cpuMs: new Array<number>() }));

for (let turn = 0; turn < Number(values.starts); turn += 1) {
  for (const { program, path, store, wallMs, cpuMs } of cases) {
    const startedAtMs = performance.now();
    await using server = await startServer({
      program,
      environment: { ...environment, SESSION_STORE: store },
    });
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
const times = ["wall ms, median (least)", "CPU ms, median", "times Deno.serve, wall", "CPU"];
const table = markdownTable([["process to first answer", ...times], ...rows], {
  align: [..."-rrrr"],
});
const section = `${table}\n\n${values.starts} starts of each, in turn.`;
console.log(section);
if (values.write) await publish(values.write, { "cold-start": section });
