import assert from "node:assert/strict";
import { createSamples } from "../../bench/load/percentiles.ts";

Deno.test("a percentile is the smallest sample that its share of all samples does not exceed", () => {
  const samples = createSamples();
  for (let sample = 10_000; sample >= 1; sample -= 1) samples.add(sample);
  assert.deepEqual(samples.percentiles(), {
    p50: 5000,
    p90: 9000,
    p99: 9900,
    p999: 9990,
    max: 10_000,
  });
});

Deno.test("one sample is every percentile, and none is zero", () => {
  const samples = createSamples();
  assert.equal(samples.percentiles().max, 0);
  samples.add(7);
  assert.deepEqual(samples.percentiles(), { p50: 7, p90: 7, p99: 7, p999: 7, max: 7 });
});
