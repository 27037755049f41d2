/**
 * `deno task bench:breakdown`: where the time of a validate and of a refresh goes, by part, in
 * microseconds of CPU. Everything runs in this process, one request after another, over a real
 * PostgreSQL: the parts by themselves, and the whole request through the app. CPU time is steadier than
 * time on the clock where others use the machine too. Writes the table into `docs/performance.md`.
 *
 * @module
 */

import process from "node:process";
import { print } from "../local/command.ts";
import { openTestServer } from "../local/testing.ts";
import { openParts, type Parts } from "./breakdown_parts.ts";
import { readFamilyCpuMs } from "./process_cpu.ts";
import { replaceSection } from "./report/document.ts";
import { formatFile } from "./report/format_file.ts";
import { formatTable } from "./report/table.ts";
import { median } from "./results.ts";

const DOCUMENT = new URL("../docs/performance.md", import.meta.url).pathname;

/** Of each part the median batch counts. */
const BATCHES = 5;
const RUNS_PER_BATCH = 200;

/** Until the compiler has done with it: it works on threads of this process, too. */
const WARM_UP_BATCHES = 8;

interface Cost {
  readonly part: string;
  readonly processUs: number;
  readonly databaseUs: number;
}

await using server = await openTestServer();
if (server.pid === undefined) throw new TypeError("Cannot measure with a server of somebody else");
await using parts = await openParts(server);
const databaseCpuMs = readFamilyCpuMs.bind(null, server.pid);

const sections: string[] = [];
for (const [operation, rows] of Object.entries(parts.operations)) {
  const costs = await measure(rows);
  sections.push(formatTable(
    [operation, "process µs", "database µs"],
    costs.map(({ part, processUs, databaseUs }) => [part, format(processUs), format(databaseUs)]),
  ));
}
const section = sections.join("\n\n");
print(section);
if (!Deno.args.includes("--print")) {
  const text = await Deno.readTextFile(DOCUMENT);
  await Deno.writeTextFile(DOCUMENT, replaceSection(text, { name: "breakdown", section }));
  await formatFile(DOCUMENT);
}

/** All parts in turn in every batch: what disturbs one batch disturbs all of them. */
async function measure(rows: Parts["operations"][string]): Promise<readonly Cost[]> {
  const measured = Object.keys(rows).map((part) => ({ part, own: [0], database: [0] }));
  for (let batch = -WARM_UP_BATCHES; batch < BATCHES; batch += 1) {
    for (const { part, own, database } of measured) {
      const run = rows[part] ?? (() => {});
      await parts.rest();
      const databaseBefore = databaseCpuMs();
      const before = process.cpuUsage();
      for (let index = 0; index < RUNS_PER_BATCH; index += 1) await run();
      const { user, system } = process.cpuUsage(before);
      if (batch < 0) continue;
      own[batch] = (user + system) / RUNS_PER_BATCH;
      database[batch] = (databaseCpuMs() - databaseBefore) * 1000 / RUNS_PER_BATCH;
    }
  }
  return measured.map(({ part, own, database }) => ({
    part,
    processUs: median(own) ?? NaN,
    databaseUs: database.reduce((sum, each) => sum + each, 0) / database.length, // in ticks of 10 ms
  }));
}

function format(microseconds: number): string {
  return microseconds < 1 ? "–" : microseconds.toFixed(microseconds < 10 ? 1 : 0);
}
