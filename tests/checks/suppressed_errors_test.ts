import assert from "node:assert/strict";

const PRELOADED = new URL("../harness/suppressed_errors.ts", import.meta.url).pathname;

/** Each of its resources throws when it is closed. */
const FAILING = `
  const open = (name) => ({
    async [Symbol.asyncDispose]() {
      await undefined;
      throw new Error("cannot close " + name);
    },
  });
  Deno.test("fails", async () => {
    await using server = open("the server");
    await using database = open("the database");
    throw new Error("not as expected");
  });
`;

Deno.test("a test that fails, and whose resources then fail to close, tells each error", async () => {
  const file = await Deno.makeTempFile({ suffix: "_test.js" });
  try {
    await Deno.writeTextFile(file, FAILING);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-config", `--preload=${PRELOADED}`, file],
      stdin: "null",
      stderr: "null",
    }).output();
    const printed = new TextDecoder().decode(stdout);
    const reported = [...printed.matchAll(/(not as expected|cannot close .*)$/gm)];
    assert.deepEqual(reported.map(([text]) => text), [
      "not as expected",
      "cannot close the database",
      "cannot close the server",
    ]);
  } finally {
    await Deno.remove(file);
  }
});
