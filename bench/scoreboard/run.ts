/**
 * `deno task scoreboard`: plays everybody through everything and writes `docs/client-scoreboard.md`.
 * `--only supabase-js --scenario S3` plays a part of it, prints, and writes nothing, or with `--record`
 * puts it in place of what the last run measured of it; `--engines` plays our client in Firefox and
 * WebKit alone, and records that; `--page` plays nothing, and writes the page again.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { startTestServer } from "../../local/testing/test_server.ts";
import { launchChromium } from "../../tests/harness/browser/chromium.ts";
import { CONTESTANTS } from "./contestants/all.ts";
import { measureEngine, type OtherEngine } from "./other_engines.ts";
import {
  type ContestantRecord,
  DOCUMENT,
  format,
  readRecord,
  readVersions,
  RECORD,
  type ScoreboardRecord,
} from "./record.ts";
import { renderScoreboard } from "./render.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import { measureScoreboard, type Scoreboard } from "./scoreboard.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    only: { type: "string", multiple: true, default: [] },
    scenario: { type: "string", multiple: true, default: [] },
    record: { type: "boolean", default: false },
    engines: { type: "boolean", default: false },
    page: { type: "boolean", default: false },
  },
});
const contestants = chosen(CONTESTANTS, values.only);
const scenarios = chosen(SCENARIOS, values.scenario);
if (values.page) await writePage(await readRecord());
else if (values.engines) await keep({ ...await readRecord(), engines: await playEngines() });
else await playAndPrint();

async function playAndPrint(): Promise<void> {
  const isWhole = contestants.length === CONTESTANTS.length &&
    scenarios.length === SCENARIOS.length;
  const isKept = isWhole || values.record;
  const startedMs = performance.now();
  const board = await play();
  if (isKept) await write(board, isWhole);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  console.log(
    `${seconds} s; ${isKept ? "docs/client-scoreboard.md is written" : "nothing written"}`,
  );
}

function chosen<Entry extends { readonly id: string }>(
  all: readonly Entry[],
  ids: readonly string[],
): readonly Entry[] {
  const unknown = ids.find((id) => !all.some((entry) => entry.id === id));
  if (unknown !== undefined) {
    const known = all.map(({ id }) => id).join(", ");
    throw new RangeError(`Cannot play '${unknown}': there are ${known}`);
  }
  return ids.length === 0 ? all : all.filter(({ id }) => ids.includes(id));
}

async function play(): Promise<Scoreboard> {
  await using server = await startTestServer();
  const games =
    scenarios.flatMap(({ id }) => contestants.filter(({ absent }) => absent[id] === undefined))
      .length;
  let played = 0;
  return await measureScoreboard({
    server,
    contestants,
    scenarios,
    onMeasured({ contestant, scenario, facts, seconds }) {
      const { result, words } = scenario.judge(facts);
      const count = `${++played}/${games}`.padEnd(6);
      const who = `${scenario.id.padEnd(4)}${contestant.name.padEnd(20)}`;
      console.log(`${count}${who}${result.padEnd(7)} ${words} (${seconds.toFixed(1)} s)`);
    },
  });
}

async function playEngines(): Promise<ScoreboardRecord["engines"]> {
  await using server = await startTestServer();
  const play = (engine: OtherEngine) =>
    measureEngine(engine, {
      server,
      scenarios: SCENARIOS,
      onMeasured({ scenario, facts, seconds }) {
        const { result, words } = scenario.judge(facts);
        console.log(
          `${engine.padEnd(10)}${scenario.id} ${result} ${words} (${seconds.toFixed(1)} s)`,
        );
      },
    });
  return { firefox: await play("firefox"), webkit: await play("webkit") };
}

/** Of the last record, what was not played is kept. */
async function write({ rows, gzipBytes }: Scoreboard, isWhole: boolean): Promise<void> {
  const last = isWhole ? null : await readRecord();
  const entries = await Promise.all(
    contestants.map(async (contestant): Promise<[string, ContestantRecord]> => [
      contestant.id,
      {
        versions: await readVersions(contestant),
        gzipBytes: gzipBytes[contestant.id] ?? 0,
      },
    ]),
  );
  await keep({
    chromium: await chromiumVersion(),
    contestants: inOrder(CONTESTANTS, { ...last?.contestants, ...Object.fromEntries(entries) }),
    rows: Object.fromEntries(
      SCENARIOS.map(({ id }) => [id, inOrder(CONTESTANTS, { ...last?.rows[id], ...rows[id] })]),
    ),
    engines: last?.engines ?? await playEngines(),
  });
}

async function keep(record: ScoreboardRecord): Promise<void> {
  await Deno.writeTextFile(RECORD, await format(JSON.stringify(record), "json"));
  await writePage(record);
}

async function writePage(record: ScoreboardRecord): Promise<void> {
  const page = renderScoreboard(record, { contestants: CONTESTANTS, scenarios: SCENARIOS });
  await Deno.writeTextFile(DOCUMENT, await format(page, "md"));
}

/** As the tables have it, not in the order in which they were ready. */
function inOrder<Value>(
  all: readonly { readonly id: string }[],
  values: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    all.flatMap(({ id }) => {
      const value = values[id];
      return value === undefined ? [] : [[id, value]];
    }),
  );
}

async function chromiumVersion(): Promise<string> {
  await using chromium = await launchChromium();
  return (await chromium.version()).replace(/^.*\//, "");
}
