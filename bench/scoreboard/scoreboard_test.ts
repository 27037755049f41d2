import assert from "node:assert/strict";
import { openTestServer } from "../../local/testing/test_server.ts";
import { unifiedAuth } from "./contestants/unified_auth.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import { measureScoreboard } from "./scoreboard.ts";

Deno.test("our client meets the target of every scenario of the scoreboard", async () => {
  await using server = await openTestServer();
  const { rows } = await measureScoreboard({
    server,
    contestants: [unifiedAuth],
    scenarios: SCENARIOS,
  });
  const judged = SCENARIOS.map((scenario) => {
    const measurement = rows[scenario.id]?.[unifiedAuth.id];
    assert.ok(measurement && "facts" in measurement, scenario.id);
    return { id: scenario.id, ...scenario.judge(measurement.facts) };
  });
  assert.deepEqual(judged.filter(({ result }) => result !== "met"), []);
});
