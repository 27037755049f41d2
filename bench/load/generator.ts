/**
 * The process that makes the load, apart from what measures and from what is measured, so that its
 * CPU time is its own. Each line of stdin is a plan, each line of stdout the result of one, in order,
 * both as JSON behind the plan's number.
 *
 * @module
 */

import { print } from "../../local/command.ts";
import { readLines } from "../../local/output_lines.ts";
import { openPauses } from "./pause.ts";
import type { LoadPlan, Visitor } from "./plan.ts";
import { runLoad } from "./run_load.ts";

using pauses = openPauses();
let latest = Promise.resolve();

const { ended } = readLines(Deno.stdin.readable, {
  onLine(line) {
    const [, number = "", json = ""] = /^(\d+) (.*)$/.exec(line) ?? [];
    latest = latest.then(async () => {
      const result = await runPlan(JSON.parse(json)).catch((thrown) => ({
        failed: String(thrown),
      }));
      print(`${number} ${JSON.stringify(result)}`);
    });
  },
});
await ended;
await latest;

async function runPlan(plan: LoadPlan): ReturnType<typeof runLoad> {
  const visitors: readonly Visitor[] = JSON.parse(await Deno.readTextFile(plan.visitors));
  return await runLoad(plan, { visitors, pause: pauses.pause });
}
