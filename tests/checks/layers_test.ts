import assert from "node:assert/strict";
import { readImports } from "./import_graph.ts";
import { IMPORT_RULES, judgeImports, judgeNames, NAME_RULES } from "./layers.ts";

const SHARED = "supabase/functions/_shared";

Deno.test("each import rule refuses what it is for, and only that", () => {
  const broken = [
    ["supabase/functions/unified-auth/index.ts", "local/keys.ts"],
    [`${SHARED}/log.ts`, "npm:postgres@3.4.9"],
    [`${SHARED}/store/sql_session_store.ts`, "npm:pg@8.23.1"],
    ["client/src/state/store.ts", "supabase/functions/_shared/errors.ts"],
    ["client/src/state/store.ts", "npm:zod@4.6.7"],
    ["tools/audit.ts", "local/testing/test_server.ts"],
    ["tests/unit/client/backend_test.ts", "tests/behaviour/http/fixture.ts"],
    ["local/start.ts", "tests/run.ts"],
    ["local/start.ts", "bench/compare.ts"],
    [`${SHARED}/http/views.ts`, `${SHARED}/store/sql_session_store.ts`],
    [`${SHARED}/http/views.ts`, `${SHARED}/store/database.types.ts`],
    [`${SHARED}/sessions/login.ts`, `${SHARED}/http/views.ts`],
    [`${SHARED}/sessions/login.ts`, "npm:hono@4.13.19"],
    [`${SHARED}/http/cookies.ts`, `${SHARED}/config/config.ts`],
    [`${SHARED}/tokens/refresh_token.ts`, `${SHARED}/store/session_store.ts`],
  ] as const;
  for (const [from, to] of broken) {
    assert.notDeepEqual(judgeImports([{ from, to }]), [], `${from} may not import ${to}`);
  }
  const rules = new Set(
    broken.flatMap(([from, to]) => judgeImports([{ from, to }]))
      .map((problem) => IMPORT_RULES.findIndex(({ rule }) => problem.endsWith(rule))),
  );
  assert.equal(rules.size, IMPORT_RULES.length, "a rule that nothing can break");

  const kept = [
    [`${SHARED}/composition.ts`, `${SHARED}/store/sql_session_store.ts`],
    [`${SHARED}/composition.ts`, `${SHARED}/store/sql_functions_postgres.ts`],
    [`${SHARED}/store/sql_functions_postgres.ts`, "npm:pg@8.23.1"],
    [`${SHARED}/http/cookies.ts`, "npm:/hono@4.13.19/utils/cookie"],
    [`${SHARED}/sessions/login.ts`, `${SHARED}/store/session_store.ts`],
    ["tests/behaviour/http/smoke_test.ts", "local/testing/test_server.ts"],
    ["bench/lab.ts", "local/testing/test_server.ts"],
    ["bench/compare_test.ts", "bench/load.ts"],
    ["local/platform/stack.ts", `${SHARED}/tokens/signing_keys.ts`],
    ["client/src/react.ts", "npm:react@19.2.0"],
  ] as const;
  for (const [from, to] of kept) assert.deepEqual(judgeImports([{ from, to }]), []);
});

Deno.test("each name rule refuses what it is for, in code and not in comments", () => {
  const broken = [
    [`${SHARED}/log.ts`, 'const level = Deno.env.get("LEVEL");'],
    [`${SHARED}/sessions/login.ts`, "function logIn(request: Request) {}"],
    [`${SHARED}/sessions/login.ts`, "const now = Date.now();"],
  ] as const;
  const rules = new Set(broken.map(([path, text]) => {
    const [problem = ""] = judgeNames({ path, text });
    return NAME_RULES.findIndex(({ rule }) => problem.endsWith(rule));
  }));
  assert.deepEqual([...rules].sort(), NAME_RULES.map((_, index) => index));

  for (const [path, text] of broken) assert.deepEqual(judgeNames({ path, text: `// ${text}` }), []);
  assert.deepEqual(
    judgeNames({ path: "supabase/functions/unified-auth/index.ts", text: "Deno.env.get(name)" }),
    [],
  );
});

Deno.test("the imports of a file are read through all that it leads to, types included", async () => {
  const imports = await readImports(["supabase/functions/validate-session/index.ts"]);
  const has = (from: string, to: RegExp) =>
    imports.some((each) => each.from === from && to.test(each.to));
  assert.ok(has("supabase/functions/validate-session/index.ts", /_shared\/composition\.ts$/));
  assert.ok(has(`${SHARED}/tokens/access_token.ts`, /^npm:\/?jose@/));
  assert.ok(has(`${SHARED}/tokens/access_token.ts`, /_shared\/brands\.ts$/), "a type-only import");
});
