/**
 * Starts a load generator in a process of its own and hands it plans, one after the other.
 *
 * @module
 */

import { endWithParent } from "../../local/end_with_parent.ts";
import { readLines } from "../../local/output_lines.ts";
import type { LoadPlan, LoadResult } from "./plan.ts";

export interface Generator extends AsyncDisposable {
  /** Runs one plan to its end. Its own CPU time is in the result as `generator`. */
  run(plan: LoadPlan): Promise<LoadResult>;
}

const PROGRAM = new URL("./generator.ts", import.meta.url).pathname;

export function startGenerator(): Generator {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--no-prompt", "--cached-only", PROGRAM],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const parentWatch = endWithParent(child.pid);
  const output = readLines(child.stdout);
  const input = child.stdin.getWriter();
  const encoder = new TextEncoder();
  let plans = 0;

  return {
    async run(plan) {
      const watch = { ...plan.watch, generator: { pids: [child.pid] } };
      const number = plans++;
      await input.write(encoder.encode(`${number} ${JSON.stringify({ ...plan, watch })}\n`));
      const line = await output.find((text) => text.startsWith(`${number} `));
      if (line === undefined) throw new TypeError("The load generator has ended");
      const result = JSON.parse(line.slice(`${number} `.length));
      if ("failed" in result) throw new TypeError(result.failed);
      return result;
    },
    async [Symbol.asyncDispose]() {
      await input.close();
      await child.status;
      await output.ended;
      await parentWatch.cancel();
    },
  };
}
