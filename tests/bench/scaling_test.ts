import assert from "node:assert/strict";
import { composeScaling } from "../../bench/scaling/write_document.ts";
import type { Measured } from "../../bench/scaling/measured.ts";
import { ASSUMPTIONS, fullPagesADay, reckon } from "../../bench/scaling/reckon.ts";
import { simulateDay } from "../../bench/simulation/simulate.ts";

const MEASURED: Measured = {
  readingValidate: { databaseCpuUs: 100, databaseMs: 0.5 },
  writingValidate: { databaseCpuUs: 200, databaseMs: 1, walBytes: 500 },
  refresh: { databaseCpuUs: 400, databaseMs: 2, walBytes: 1000 },
  fullPageBytes: 8000,
  compressedFullPageBytes: 3000,
  functionCpuUs: { validate: 300, refresh: 700, autoRefresh: 900, login: 5000 },
  sessionBytes: 600,
  sessionsAPage: 12,
  eventBytes: 300,
  purgedSessionsPerSecond: 10_000,
};

Deno.test("one user with one browser costs what the simulated browser asked", () => {
  const day = simulateDay({ browsersOfEachKind: 20 });
  const assumptions = { ...ASSUMPTIONS, browsersAUser: 1, loginsAUser: 0 };
  const one = reckon(1, { day, measured: MEASURED, assumptions });
  const { validates, refreshes, autoRefreshes, writingValidates } = day.average;
  near(one.invocations, validates + refreshes);
  near(one.transactions, validates + refreshes);
  near(one.writes, writingValidates + refreshes + autoRefreshes);
  near(one.events, refreshes + autoRefreshes);
  near(one.eventGb, (refreshes + autoRefreshes) * 300 * 180 / 1e9);
  near(one.peakRequestsPerSecond, (validates + refreshes) / 86_400 * day.peakFactor);
  near(
    one.functionCores,
    day.peakFactor / 86_400 / 1e6 *
      ((validates - autoRefreshes) * 300 + refreshes * 700 + autoRefreshes * 900),
  );
  near(
    one.databaseCores,
    day.peakFactor / 86_400 / 1e6 *
      ((validates - autoRefreshes - writingValidates) * 100 + writingValidates * 200 +
        (refreshes + autoRefreshes) * 400),
  );
});

Deno.test("ten times as many users ask ten times as much", () => {
  const day = simulateDay({ browsersOfEachKind: 20 });
  const [few, many] = [1e6, 1e7].map((users) => reckon(users, { day, measured: MEASURED }));
  assert.ok(few && many);
  for (
    const name of ["invocations", "databaseCores", "eventGb", "sessionGb", "walGbADay"] as const
  ) {
    near(many[name], 10 * few[name]);
  }
});

Deno.test("a page goes into the WAL once between two checkpoints, however often it is written", () => {
  near(fullPagesADay(1e9, { pages: 10, checkpointMinutes: 5 }), 10 * 288);
  const scattered = fullPagesADay(1_000, { pages: 1e9, checkpointMinutes: 5 });
  assert.ok(scattered > 999 && scattered <= 1_000, String(scattered));
});

Deno.test("docs/scaling.md says what the last whole run and the simulation come to", async () => {
  const document = await Deno.readTextFile("docs/scaling.md");
  const results = JSON.parse(await Deno.readTextFile("bench/results/latest.json"));
  assert.equal(
    await composeScaling(document, results),
    document,
    "run: deno run -A bench/scaling/main.ts",
  );
});

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.abs(expected), `${actual}, not ${expected}`);
}
