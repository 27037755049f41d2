import assert from "node:assert/strict";
import { rankProbability } from "../../behaviour/http/rank_probability.ts";

const from = (start: number) => Array.from({ length: 8 }, (_, at) => start + at);

Deno.test("equal ranks are as probable as not, a wholly larger sample hardly", () => {
  assert.ok(Math.abs(rankProbability(from(0), from(0)) - 0.5) < 1e-6);
  // Every one of 64 pairs is won: z = 32 / sqrt(8 * 8 * 17 / 12) = 3.361.
  assert.ok(Math.abs(rankProbability(from(100), from(0)) - 3.89e-4) < 2e-6);
  assert.ok(rankProbability(from(0), from(100)) > 0.999);
});
