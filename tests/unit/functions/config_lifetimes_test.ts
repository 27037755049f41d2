import assert from "node:assert/strict";
import fc from "fast-check";
import { assertProblem, problemsOf, read } from "./config_fixture.ts";

Deno.test("an integer is written in digits and lies within its bounds", () => {
  for (const value of ["-1", "1.5", "1e3", "0x10", "ten", "60s", "NaN", "9".repeat(20)]) {
    assertProblem("SESSION_GRACE_SECONDS", value, /must be a whole number from 0 to 604800/);
  }
  assertProblem("SESSION_WINDOW_SECONDS", "0", /from 1 to/); // two tabs would log each other out
  assertProblem("SESSION_ACCESS_TTL_SECONDS", "86401", /to 86400/);
  assertProblem("SESSION_REFRESH_TTL_SECONDS", "34560001", /to 34560000/); // 400 days
  assertProblem("SESSION_MAX_PER_USER", "0", /from 1 to 100/);
});

Deno.test("lifetimes that contradict each other are refused", () => {
  assert.deepEqual(problemsOf({ SESSION_WINDOW_SECONDS: "60", SESSION_ACCESS_TTL_SECONDS: "60" }), [
    "SESSION_WINDOW_SECONDS must be less than SESSION_ACCESS_TTL_SECONDS: 60 and 60",
  ]);
  assert.deepEqual(problemsOf({ SESSION_REFRESH_TTL_SECONDS: "3600" }), [
    "SESSION_ACCESS_TTL_SECONDS must be less than SESSION_REFRESH_TTL_SECONDS: 3600 and 3600",
  ]);
  assert.deepEqual(problemsOf({ SESSION_ABSOLUTE_TTL_SECONDS: "3599" }), [
    "SESSION_ABSOLUTE_TTL_SECONDS must be 0 or at least SESSION_ACCESS_TTL_SECONDS: 3599 and 3600",
  ]);
});

Deno.test("whatever lifetimes are accepted, window < access < refresh holds and cookies live at most 400 days", () => {
  const seconds = fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 0, max: 40_000_000 }),
  );
  fc.assert(fc.property(fc.array(seconds, { minLength: 4, maxLength: 4 }), (values) => {
    const [window, access, refresh, grace] = values.map(String);
    const change = {
      SESSION_WINDOW_SECONDS: window,
      SESSION_ACCESS_TTL_SECONDS: access,
      SESSION_REFRESH_TTL_SECONDS: refresh,
      SESSION_GRACE_SECONDS: grace,
    };
    if (problemsOf(change).length > 0) return;
    const config = read(change);
    assert.ok(
      0 < config.reuseIntervalSeconds && config.reuseIntervalSeconds < config.accessTtlSeconds,
    );
    assert.ok(config.accessTtlSeconds < config.refreshTtlSeconds);
    const longest = Math.max(
      config.refreshTtlSeconds,
      config.accessTtlSeconds + config.graceSeconds,
    );
    assert.ok(longest <= 400 * 24 * 3600);
  }));
});
