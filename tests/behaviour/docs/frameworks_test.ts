import assert from "node:assert/strict";
import { readDocument } from "./markdown.ts";

const LISTING = /^`([^`\n]+)`\n\n```\w+\n([\s\S]*?)^```$/gm;

for (const framework of ["hono", "next", "sveltekit"]) {
  Deno.test(`the recipe for ${framework} is the app that the tests drive`, async () => {
    const recipe = await readDocument(`docs/frameworks/${framework}.md`);
    const listings = [...recipe.matchAll(LISTING)];
    assert.equal(listings.length, [...recipe.matchAll(/^```\w+$/gm)].length);
    for (const [, path = "", text] of listings) {
      assert.equal(text, await readDocument(`tests/behaviour/apps/${framework}/${path}`), path);
    }
  });
}
