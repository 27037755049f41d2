import assert from "node:assert/strict";
import { runProgram } from "../tests/checks/check.ts";
import { replaceSection } from "./publish.ts";

const DOCUMENT = new URL("../docs/performance.md", import.meta.url);

async function runCompare(...options: readonly string[]): Promise<string> {
  const command = ["run", "--allow-all", "--no-check", "bench/compare.ts"];
  const { success, stdout, stderr } = await runProgram(Deno.execPath(), [...command, ...options]);
  assert.ok(success, stderr);
  return stdout;
}

Deno.test("a hasty comparison measures a floor and our functions, and publishes what it kept", async () => {
  const directory = await Deno.makeTempDir({ prefix: "unified-auth-bench-" });
  try {
    const [kept, document] = [`${directory}/run.json`, `${directory}/performance.md`];
    const section = "<!-- bench: requests -->";
    const before = await Deno.readTextFile(DOCUMENT);
    await Deno.writeTextFile(document, before.replace(section, `${section}\n\nthe run before\n`));
    await runCompare(
      ...["--quick", `--json=${kept}`],
      ...["--only=refresh, direct, ES256", "--only=refresh, bound"],
      "--only=Deno.serve + rotation, ES256",
    );
    const said = await runCompare(`--from=${kept}`, `--write=${document}`);
    const published = await Deno.readTextFile(document);
    for (const text of [said, published]) {
      assert.match(text, /\| refresh, direct, ES256 +\|(?: +[\d,.]+ +\|){4}/);
      assert.match(text, /\| refresh, bound to a key, direct, ES256 +\|(?: +[\d,.]+ +\|){4}/);
      assert.match(
        text,
        /\| refresh, direct, ES256 to Deno\.serve \+ rotation, ES256 +\| +≥ 0\.75 \| +\**\d/,
      );
      assert.match(text, /\| Unified Auth, direct +\| +– \| +[\d,]+ \|/);
      assert.match(text, /\| Supabase Auth itself .*1,753/);
    }
    assert.doesNotMatch(published, /the run before/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a section that a document does not have is not published", () => {
  const document = "before <!-- bench: cold-start -->\n\nold\n\n<!-- /bench --> after";
  assert.equal(
    replaceSection(document, "cold-start", "new"),
    "before <!-- bench: cold-start -->\n\nnew\n\n<!-- /bench --> after",
  );
  assert.throws(() => replaceSection(document, "requests", "new"), TypeError);
});
