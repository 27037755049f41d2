import assert from "node:assert/strict";
import { renderFigures } from "./report.ts";
import { soak } from "./soak.ts";

Deno.test("a short soak breaks no promise", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const figures = await soak({ seed, seconds: 12, browsers: 4, thieves: 2, floods: 1 });
  const report = `seed ${seed}\n${renderFigures(figures)}`;
  assert.deepEqual(figures.breaches, [], report);
  assert.deepEqual([figures.sessionsHeld, figures.sessionsLost, figures.honestLogouts], [4, 0, 0]);
  const { boundThefts } = figures;
  assert.ok(figures.theftsStarted + (boundThefts["started"] ?? 0) >= 2, report);
  assert.equal(figures.theftsFound, figures.theftsStarted);
  assert.equal(boundThefts["successors"] ?? 0, 0);
  assert.ok(figures.badInputsRefused > 0, report);
  assert.ok(Object.values(figures.faults).some((times) => times > 0), report);
});
