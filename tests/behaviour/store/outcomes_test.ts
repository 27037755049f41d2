/**
 * Every outcome of every SQL function that the functions call arrives over both stores, and leaves the
 * same behind. `tests/behaviour/sql` says which outcome is right.
 *
 * @module
 */

import assert from "node:assert/strict";
import { forgetEverything, observe } from "./observation.ts";
import type { Scenario } from "./opened_sessions.ts";
import { SCENARIOS } from "./scenarios.ts";
import { openStore, type StoreFixture } from "./store_fixture.ts";

for (const [name, groups] of Object.entries(SCENARIOS)) {
  if (groups.length === 0) continue;
  Deno.test(`every outcome of ${name} arrives over both stores, and leaves the same behind`, async (test) => {
    await using dataApi = await openStore("data-api");
    await using postgres = await openStore("postgres");
    for (const group of groups) {
      for (const [outcome, scenario] of Object.entries(group)) {
        await test.step(outcome, async () => {
          const [expected, actual] = await Promise.all(
            [dataApi, postgres].map((store) => play(store, scenario, { name, outcome })),
          );
          assert.deepEqual(actual, expected, "the direct store differs from the data API");
        });
      }
    }
  });
}

async function play(
  store: StoreFixture,
  scenario: Scenario,
  { name, outcome }: { readonly name: string; readonly outcome: string },
): Promise<unknown> {
  await forgetEverything(store.admin);
  const answer = await scenario(store);
  assert.equal(store.called.at(-1), name, "the scenario ends with a call of another function");
  const found = outcomeOf(answer);
  if (found !== undefined) {
    assert.equal(found, outcome, `the outcome over ${store.kind}`);
  }
  return await observe(store.admin, answer);
}

/** `undefined` of a function that answers nothing. */
function outcomeOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null) {
    return answer === undefined ? undefined : String(answer);
  }
  const { outcome, acting, kind } = answer as Readonly<Record<string, string | undefined>>;
  return outcome ?? acting ?? kind;
}
