/**
 * Puts the sections of a run into a document that people write: between the markers of each suite, and
 * nowhere else.
 *
 * @module
 */

import { judge, type Results } from "../results.ts";
import type { Suite } from "../suite.ts";
import { formatFile } from "./format_file.ts";
import { formatVerdicts } from "./verdicts.ts";

export async function writeReport(
  path: string,
  { suites, results }: { readonly suites: readonly Suite[]; readonly results: Results },
): Promise<void> {
  let text = await Deno.readTextFile(path);
  for (const suite of suites) {
    const verdicts = suite.bars.map((bar) => judge(bar, results));
    const parts = [suite.report(results), ...(verdicts.length ? [formatVerdicts(verdicts)] : [])];
    text = replaceSection(text, { name: suite.name, section: parts.join("\n\n") });
    for (const [name, svg] of Object.entries(suite.charts?.(results) ?? {})) {
      const chart = path.replace(/[^/]+$/, name);
      await Deno.writeTextFile(chart, svg);
      await formatFile(chart);
    }
  }
  await Deno.writeTextFile(path, text);
  await formatFile(path);
}

/** @throws {TypeError} If the text has no such markers */
export function replaceSection(
  text: string,
  { name, section }: { readonly name: string; readonly section: string },
): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new TypeError(`Cannot report: no ${begin} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${section}\n\n${text.slice(to)}`;
}
