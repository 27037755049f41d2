/**
 * `deno task soak --seconds N --seed S`: honest browsers, thieves and floods against a stack around
 * which everything fails. Prints the figures, writes them, and fails when a promise was broken. The
 * seed draws what everybody does; how it falls together is the machine's.
 *
 * @module
 */

import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { Misuse, runTool } from "../../tools/misuse.ts";
import { renderFigures } from "./report.ts";
import { soak } from "./soak.ts";

/** Traffic that should end, even where somebody mistypes. */
const MAX_SECONDS = 24 * 3_600;
const MAX_ACTORS = 500;

await runTool("soak", async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "180" },
      browsers: { type: "string", default: "16" },
      thieves: { type: "string", default: "6" },
      floods: { type: "string", default: "4" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
      write: { type: "string", default: ".local/soak.json" },
    },
  });
  const options = {
    seed: readCount("seed", values.seed, 2 ** 31),
    seconds: readCount("seconds", values.seconds, MAX_SECONDS),
    browsers: readCount("browsers", values.browsers, MAX_ACTORS),
    thieves: readCount("thieves", values.thieves, MAX_ACTORS),
    floods: readCount("floods", values.floods, MAX_ACTORS),
  };
  console.log(`Soaking for ${options.seconds} s, seed ${options.seed}`);
  const figures = await soak(options);
  console.log(`\n${renderFigures(figures)}\n`);
  await Deno.mkdir(dirname(values.write), { recursive: true });
  await Deno.writeTextFile(values.write, `${JSON.stringify(figures, null, 2)}\n`);
  for (const { promise, story } of figures.breaches) {
    console.error(`BROKEN: ${promise}\n  ${story}`);
  }
  console.log(`${figures.breaches.length} promises broken; figures in ${values.write}`);
  return figures.breaches.length === 0 ? 0 : 1;
});

function readCount(name: string, text: string, max: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= max) return count;
  throw new Misuse(`--${name} must be a whole number from 0 to ${max}: ${text}`);
}
