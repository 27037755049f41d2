import assert from "node:assert/strict";
import { repeatRolledBack } from "../../../supabase/functions/_shared/store/sql_functions_repeat.ts";
import { ServiceUnavailableError } from "../../../supabase/functions/_shared/service_unavailable.ts";

/** Fails with these codes in turn, then answers. */
function failingWith(...codes: readonly string[]) {
  let calls = 0;
  const call = repeatRolledBack(() => {
    const code = codes[calls++];
    return code === undefined
      ? Promise.resolve("answer")
      : Promise.reject(new ServiceUnavailableError({ dependency: "session_store", code }));
  });
  return { ask: () => call("database_is_read_only", {}), calls: () => calls };
}

Deno.test("a call that the database rolled back for another is made again", async () => {
  for (const code of ["40001", "40P01"]) {
    const { ask, calls } = failingWith(code, code);
    assert.equal(await ask(), "answer");
    assert.equal(calls(), 3);
  }
});

Deno.test("a call that failed otherwise, or may have been made, is not repeated", async () => {
  for (const code of ["timeout", "network", "55P03", "57014", "http_500"]) {
    const { ask, calls } = failingWith(code);
    await assert.rejects(ask(), { code });
    assert.equal(calls(), 1);
  }
});

Deno.test("a call that is rolled back forever is unavailable in the end", async () => {
  const { ask, calls } = failingWith(...Array.from({ length: 9 }, () => "40001"));
  await assert.rejects(ask(), { code: "40001" });
  assert.equal(calls(), 5);
});
