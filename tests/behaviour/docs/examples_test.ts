import assert from "node:assert/strict";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { readCodeBlocks, readDocument } from "./markdown.ts";

const LOCAL_PROJECT = "http://127.0.0.1:54321";

for (const page of ["README.md", "docs/api.md"]) {
  Deno.test(`the commands of ${page} do what they say, in their order`, async () => {
    await using server = await openTestServer();
    await using stack = await server.startStack();
    const cwd = await Deno.makeTempDir({ prefix: "unified-auth-examples-" });
    try {
      const commands = readCodeBlocks(await readDocument(page)).filter(({ language, runs }) =>
        language === "sh" && runs
      );
      assert.ok(commands.length > 0);
      for (const { text } of commands) {
        const { success, stdout } = await new Deno.Command("sh", {
          args: ["-ec", text.replaceAll(LOCAL_PROJECT, stack.baseUrl)],
          cwd,
          stdin: "null",
        }).output();
        const answer: Record<string, unknown> = JSON.parse(new TextDecoder().decode(stdout));
        assert.ok(success, text);
        assert.ok(
          answer["valid"] === true || answer["signed_out"] === true,
          JSON.stringify(answer),
        );
      }
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  });
}
