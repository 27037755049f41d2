import assert from "node:assert/strict";
import { readDocument } from "./markdown.ts";

const CLIENT = new URL("../../client/src/", import.meta.url);

/** Where the package's entries are in the sources. */
const ENTRIES: Readonly<Record<string, string>> = {
  "@unified-auth/client/react": new URL("react/index.ts", CLIENT).href,
  "@unified-auth/client": new URL("index.ts", CLIENT).href,
};

Deno.test("the examples of the client's README compile", async () => {
  const readme = await readDocument("client/README.md");
  const examples = [...readme.matchAll(/^```(tsx?) check\n([\s\S]*?)^```$/gm)];
  assert.equal(examples.length, 2);
  for (const [, language = "", text = ""] of examples) {
    const source = Object.entries(ENTRIES).reduce(
      (code, [name, url]) => code.replaceAll(`"${name}"`, `"${url}"`),
      text,
    );
    // Inside the project, so that its compiler options and its list of dependencies hold.
    const file = await Deno.makeTempFile({
      dir: new URL(".", import.meta.url).pathname,
      suffix: `.${language}`,
    });
    try {
      await Deno.writeTextFile(file, source);
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", "--quiet", file],
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(file);
    }
  }
});
