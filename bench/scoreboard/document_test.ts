import assert from "node:assert/strict";
import { bundleContestant } from "./bundles.ts";
import { CONTESTANTS } from "./contestants/all.ts";
import { unifiedAuth } from "./contestants/unified_auth.ts";
import { DOCUMENT, format, readRecord, readVersions } from "./record.ts";
import { OTHER_ENGINES } from "./other_engines.ts";
import { cellInEngine, cellOf, renderScoreboard } from "./render.ts";
import { SCENARIO_IDS } from "./scenario_id.ts";
import { SCENARIOS } from "./scenarios/all.ts";

Deno.test("docs/client-scoreboard.md is what its record says, in the runner's words", async () => {
  const page = renderScoreboard(await readRecord(), {
    contestants: CONTESTANTS,
    scenarios: SCENARIOS,
  });
  assert.equal(await Deno.readTextFile(DOCUMENT), await format(page, "md"));
});

Deno.test("the scoreboard names the versions that import_map.json pins", async () => {
  const { contestants } = await readRecord();
  for (const contestant of CONTESTANTS) {
    assert.deepEqual(
      contestants[contestant.id]?.versions,
      await readVersions(contestant),
      `${contestant.name}: run deno task scoreboard`,
    );
  }
});

Deno.test("the scoreboard shows our client meeting every target, S1 to S11", async () => {
  const record = await readRecord();
  assert.deepEqual(SCENARIOS.map(({ id }) => id), SCENARIO_IDS);
  for (const scenario of SCENARIOS) {
    assert.match(cellOf(record, scenario, unifiedAuth), /^✓ /, scenario.id);
  }
});

Deno.test("the scoreboard shows our client meeting every target that the drivers of other engines can play", async () => {
  const record = await readRecord();
  for (const scenario of SCENARIOS) {
    for (const engine of OTHER_ENGINES) {
      const cell = cellInEngine(record, scenario, engine);
      assert.match(
        cell,
        scenario.beyondOtherDrivers ? /^– Chromium only: / : /^✓ /,
        scenario.id,
      );
    }
  }
});

// esbuild's process ends a little after `stop` resolves.
Deno.test({
  name: "the scoreboard's size of our client is right, to a twentieth",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const { contestants } = await readRecord();
    const published = contestants[unifiedAuth.id]?.gzipBytes ?? 0;
    const { gzipBytes } = await bundleContestant(unifiedAuth);
    assert.ok(
      Math.abs(published / gzipBytes - 1) < 0.05,
      `${published} published, ${gzipBytes} measured`,
    );
  },
});
