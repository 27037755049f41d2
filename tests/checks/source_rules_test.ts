import assert from "node:assert/strict";
import { compareGenerated } from "./generated_files.ts";
import { judgeSource, longFile } from "./source_rules.ts";

const judge = (text: string) => judgeSource({ path: "local/example.ts", text });

Deno.test("a file of more than 400 lines is named and fails nothing", () => {
  const ofLength = (lines: number) => ({ path: "a.ts", text: "const a = 1;\n".repeat(lines) });
  assert.deepEqual(longFile(ofLength(400)), []);
  assert.deepEqual(longFile(ofLength(401)), [{ path: "a.ts", lines: 401 }]);
  assert.deepEqual(judgeSource(ofLength(401)), []);
});

Deno.test("text that silences a tool, gives up types or is left to be done is refused", () => {
  const refused = [
    "// TO" + "DO: later",
    "// @ts-" + "ignore",
    "// deno-lint-" + "ignore no-explicit-any",
    "const value = answer as " + "any;",
    "function read(value: " + "any) {}",
    "const values: Array<" + "any> = [];",
    'Deno.test({ name: "later", ignore: ' + "true, fn() {} });",
    "Deno.test." + 'only("one", () => {});',
  ];
  for (const line of refused) assert.equal(judge(line).length, 1, line);

  const allowed = [
    "// Somebody else's: " + "any other would do.",
    "// @ts-expect-error a raw token is no hash",
    "const anything: unknown = null;",
  ];
  for (const line of allowed) assert.deepEqual(judge(line), [], line);
});

Deno.test("a line of a comment has 120 characters at most", () => {
  for (const start of ["// ", "  * ", "/** "]) {
    assert.deepEqual(judge(start.padEnd(120, "a")), []);
    assert.equal(judge(start.padEnd(121, "a")).length, 1);
  }
  assert.deepEqual(judge(`const text = "${"a".repeat(120)}";`), []);
});

Deno.test("a generated file that differs is refused with its first differing line", () => {
  assert.deepEqual(compareGenerated("a.ts", { now: "one\ntwo\n", committed: "one\ntwo\n" }), []);
  const [problem = ""] = compareGenerated("a.ts", { now: "one\n2\n", committed: "one\ntwo\n" });
  assert.match(problem, /^a\.ts:2 .*\ncommitted {2}two\ngenerated {2}2$/);
  assert.equal(compareGenerated("a.ts", { now: "one\ntwo", committed: "one" }).length, 1);
});
