import assert from "node:assert/strict";
import { createRefusalPace } from "../../../supabase/functions/_shared/sessions/refusal_pace.ts";

/** A clock that moves only while somebody waits, and then to the next one who does. */
function openPace() {
  let nowMs = 1_000_000;
  const waiting: { readonly atMs: number; readonly wake: () => void }[] = [];
  const delay = (milliseconds: number) =>
    new Promise<void>((wake) => waiting.push({ atMs: nowMs + milliseconds, wake }));
  const pace = createRefusalPace({ nowMs: () => nowMs, delay });

  async function run(): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      const next = waiting.toSorted((left, right) => left.atMs - right.atMs)[0];
      if (next === undefined) return;
      waiting.splice(waiting.indexOf(next), 1);
      nowMs = next.atMs;
      next.wake();
    }
  }

  return {
    run,
    passTime: (milliseconds: number) => nowMs += milliseconds,
    /** Answers when a check that takes so long is refused, in milliseconds since it began. */
    async refuse(checkMs: number): Promise<number> {
      const beganAtMs = nowMs;
      const check = pace.startCheck();
      await delay(checkMs);
      check.decided();
      await check.waitForStep();
      return nowMs - beganAtMs;
    },
    async fail(checkMs: number): Promise<void> {
      const check = pace.startCheck();
      await delay(checkMs);
      check.failed();
    },
  };
}

async function refuseInTurn(checksMs: readonly number[]): Promise<readonly number[]> {
  const pace = openPace();
  const answered: number[] = [];
  for (const checkMs of checksMs) {
    const refused = pace.refuse(checkMs);
    await pace.run();
    answered.push(await refused);
  }
  return answered;
}

Deno.test("on an idle machine every refusal takes one step of half a second", async () => {
  assert.deepEqual(await refuseInTurn([0, 70, 333, 1, 90]), [500, 500, 500, 500, 500]);
});

Deno.test("after a slow check every refusal takes as long as the slow one, known or unknown", async () => {
  assert.deepEqual(await refuseInTurn([1200, 3, 1100, 0]), [2000, 2000, 2000, 2000]);
  assert.deepEqual(await refuseInTurn([400, 1]), [1000, 1000]);
});

Deno.test("a check under way counts, though nobody knows yet how slow it will be", async () => {
  const pace = openPace();
  const all = Promise.all([900, 1, 0, 1100].map((checkMs) => pace.refuse(checkMs)));
  await pace.run();
  assert.deepEqual(await all, [2000, 2000, 2000, 2000]);
});

Deno.test("a slow check is forgotten within ten minutes, and no sooner than after five", async () => {
  const pace = openPace();
  const refuse = async () => {
    const refused = pace.refuse(1);
    await pace.run();
    return await refused;
  };
  const slow = pace.refuse(1900);
  await pace.run();
  await slow;
  pace.passTime(300_000);
  assert.equal(await refuse(), 4000);
  pace.passTime(300_001);
  assert.equal(await refuse(), 500);
});

Deno.test("a provider that does not answer makes nobody wait after that", async () => {
  const pace = openPace();
  const failed = pace.fail(8000);
  await pace.run();
  await failed;
  const refused = pace.refuse(1);
  await pace.run();
  assert.equal(await refused, 500);
});

Deno.test("the longest step is the time limit of the provider", async () => {
  assert.deepEqual(await refuseInTurn([7900, 1]), [8000, 8000]);
});
