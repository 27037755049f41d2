import assert from "node:assert/strict";
import { readDocument } from "./markdown.ts";

const LISTING = /^`([^`\n]+)`\n\n```\w+\n([\s\S]*?)^```$/gm;

/** Where the listings of a page are files. */
const FOLDERS = {
  "docs/frameworks/hono.md": "tests/behaviour/apps/hono",
  "docs/frameworks/next.md": "tests/behaviour/apps/next",
  "docs/frameworks/sveltekit.md": "tests/behaviour/apps/sveltekit",
  "docs/frameworks/tanstack-query.md": "tests/unit/client/tanstack_query",
  "docs/platforms.md": "tests/behaviour/platforms",
};

for (const [page, folder] of Object.entries(FOLDERS)) {
  Deno.test(`the recipes of ${page} are what the tests run`, async () => {
    const recipe = await readDocument(page);
    const listings = [...recipe.matchAll(LISTING)];
    assert.equal(listings.length, [...recipe.matchAll(/^```\w+$/gm)].length);
    for (const [, path = "", text] of listings) {
      assert.equal(text, await readDocument(`${folder}/${path}`), path);
    }
  });
}
