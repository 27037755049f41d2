import assert from "node:assert/strict";
import ts from "typescript";
import { listPages, readCodeBlocks, readDocument } from "./markdown.ts";

Deno.test("the examples of docs/deploy can be read by what they are for", async () => {
  const read: string[] = [];
  for (const page of await listPages("docs/deploy")) {
    for (const { language, text } of readCodeBlocks(await readDocument(page))) {
      if (language === "json") JSON.parse(text);
      if (language === "js") assert.deepEqual(syntaxErrors(text), [], page);
      read.push(language);
    }
  }
  const count = (language: string) => read.filter((each) => each === language).length;
  assert.equal(count("json"), 2);
  assert.equal(count("js"), 3);
});

function syntaxErrors(source: string): readonly string[] {
  const { diagnostics = [] } = ts.transpileModule(source, {
    reportDiagnostics: true,
    fileName: "example.js",
    compilerOptions: { allowJs: true, module: ts.ModuleKind.ESNext },
  });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

Deno.test("an example that is no JavaScript is found", () => {
  assert.notDeepEqual(syntaxErrors("export default { fetch( {"), []);
});
