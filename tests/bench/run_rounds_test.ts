import assert from "node:assert/strict";
import type { Bench } from "../../bench/bench.ts";
import { runRounds } from "../../bench/run_rounds.ts";
import { type Case, PartlyMeasured } from "../../bench/suite.ts";

const SILENT = {
  expect: () => {},
  begin: () => ({ [Symbol.dispose]: () => {} }),
  say: () => {},
};

/** No case here looks at it. */
const bench = {} as Bench;

Deno.test("a case that fails is named, and neither the others nor its own parts are lost", async () => {
  const row = (name: string): Case => ({ name, run: () => Promise.resolve({ [name]: { a: 1 } }) });
  const kept: number[] = [];
  const { rounds, once, failures, caseSeconds } = await runRounds({
    bench,
    rounds: 2,
    progress: SILENT,
    keep: ({ rounds }) => Promise.resolve(void kept.push(rounds.length)),
    cases: [
      row("first"),
      { name: "broken", run: () => Promise.reject(new TypeError("no answer")) },
      row("last"),
      {
        name: "study",
        runs: "once",
        run: () =>
          Promise.reject(
            new PartlyMeasured({
              once: { part: { a: 2 } },
              rounds: [{ own: { a: 3 } }, { own: { a: 4 } }, { own: { a: 5 } }],
            }, { purge: "too late" }),
          ),
      },
    ],
  });
  assert.deepEqual(rounds, [
    { first: { a: 1 }, last: { a: 1 }, own: { a: 3 } },
    { last: { a: 1 }, first: { a: 1 }, own: { a: 4 } },
    { own: { a: 5 } },
  ]);
  assert.deepEqual(Object.keys(rounds[1] ?? {}), ["last", "first", "own"]);
  assert.deepEqual(once, { part: { a: 2 } });
  assert.deepEqual(failures, { broken: "no answer", study: "purge: too late" });
  assert.deepEqual(Object.keys(caseSeconds).toSorted(), ["broken", "first", "last", "study"]);
  assert.deepEqual(kept, [1, 2, 3]);
});
