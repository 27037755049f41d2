/**
 * The page of the scoreboard, written from a record: the same record gives the same page.
 *
 * @module
 */

import { markdownTable } from "markdown-table";
import type { Contestant } from "./contestant.ts";
import { OTHER_ENGINES, type OtherEngine } from "./other_engines.ts";
import type { ScoreboardRecord } from "./record.ts";
import type { Result, Scenario } from "./scenario.ts";
import type { Measurement } from "./scoreboard.ts";

const MARKS: Readonly<Record<Result, string>> = { met: "✓", partly: "~", missed: "✗" };

const ENGINE_NAMES: Readonly<Record<OtherEngine, string>> = {
  firefox: "Firefox",
  webkit: "WebKitGTK",
};

export function renderScoreboard(
  record: ScoreboardRecord,
  { contestants, scenarios }: {
    readonly contestants: readonly Contestant[];
    readonly scenarios: readonly Scenario[];
  },
): string {
  const rules = (cellsOf: (scenario: Scenario) => readonly string[]) =>
    scenarios.map((scenario) => [`**${scenario.id}** ${scenario.title}`, ...cellsOf(scenario)]);
  const table = markdownTable([
    ["scenario", ...contestants.map(({ name }) => name)],
    ...rules((scenario) => contestants.map((each) => cellOf(record, scenario, each))),
  ]);
  const engineTable = markdownTable([
    ["scenario", ...OTHER_ENGINES.map((id) => `${ENGINE_NAMES[id]} ${record.engines[id].version}`)],
    ...rules((scenario) => OTHER_ENGINES.map((engine) => cellInEngine(record, scenario, engine))),
  ]);
  const sizes = contestants.map(({ id, name, imports }) => [
    name,
    `\`${imports.trim()}\``,
    `${kilobytes(record.contestants[id]?.gzipBytes ?? 0)} kB`,
  ]);
  return `# The client beside others

For people who choose a client.

A session when its page sleeps, loses replies or sends a request twice: eleven scenarios, each played in a real
Chromium (${record.chromium}) against a server that counts. Everything here is written by
\`deno task scoreboard\`, which plays them all again, from what it measured; the numbers are in
[client-scoreboard.json](client-scoreboard.json). The same runner is part of \`deno task test\`, which
fails when the first column misses a target.

✓ meets the target, ~ in part, ✗ does not, – is about something that this client does not have.

${table}

These clients have different tasks: a library that renews a token when a call is refused is not meant
to know when a laptop slept. A dash says so, and a ✗ is no judgement of the rest of a library.

## Our client in other engines

The same page and the same judge, as far as the drivers of these browsers go.

${engineTable}

WebKitGTK keeps no \`Secure\` cookie of plain HTTP on this machine, so there the cookies have no prefix
(\`SESSION_COOKIE_PREFIX=\`).

## Targets, and how each is measured

${
    scenarios.map(({ id, title, target, method }) =>
      `- **${id}, ${title}.** Target: ${target}. ${method}`
    ).join("\n")
  }

A refresh token "rotates" when a renewal answers a new one and uses up the old one. Requests are counted
at the server, the state is read in the page.

## Who plays, and how each is set up

${contestants.map((contestant) => paragraphOf(record, contestant)).join("\n\n")}

## Size

The page's imports, bundled and minified by esbuild, then \`gzip -9\`.

${markdownTable([["client", "imports", "gzipped"], ...sizes])}
`;
}

/** A cell of the table. @throws {TypeError} If the record has none. */
export function cellOf(
  { rows }: ScoreboardRecord,
  scenario: Scenario,
  { id, name }: Contestant,
): string {
  return cell(rows[scenario.id]?.[id], scenario, name);
}

/** A cell of the table of engines. @throws {TypeError} If the record has none. */
export function cellInEngine(
  { engines }: ScoreboardRecord,
  scenario: Scenario,
  engine: OtherEngine,
): string {
  return cell(engines[engine].rows[scenario.id], scenario, engine);
}

function cell(measurement: Measurement | undefined, scenario: Scenario, of: string): string {
  if (!measurement) throw new TypeError(`Cannot tell ${scenario.id} of ${of}: not measured`);
  if ("absent" in measurement) return `– ${measurement.absent}`;
  const { result, words } = scenario.judge(measurement.facts);
  return `${MARKS[result]} ${words}`;
}

function paragraphOf(record: ScoreboardRecord, contestant: Contestant): string {
  const { id, name, configuration, backend, remarks } = contestant;
  const versions = Object.entries(record.contestants[id]?.versions ?? {})
    .map(([packageName, version]) => `\`${packageName}\` ${version}`)
    .join(", ") || "this repository";
  return `**${name}** (${versions}). ${configuration} _Server:_ ${backend}${
    remarks ? ` _Remark:_ ${remarks}` : ""
  }`;
}

function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}
