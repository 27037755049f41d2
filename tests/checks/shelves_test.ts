import assert from "node:assert/strict";
import { drawShelves, judgeShelves, readShelves } from "./shelves.ts";

const TREE = "client/src";
const imports = (...pairs: readonly (readonly [from: string, to: string])[]) =>
  pairs.map(([from, to]) => ({ from: `${TREE}/${from}`, to: `${TREE}/${to}` }));

Deno.test("shelves that import each other are refused, by whatever way", () => {
  const straight = imports(["session/a.ts", "tabs/b.ts"], ["tabs/b.ts", "state/deep/c.ts"]);
  assert.deepEqual(judgeShelves(straight), []);
  assert.deepEqual(judgeShelves([...straight, ...imports(["state/d.ts", "session/e.ts"])]), [
    "client/src/session imports itself by way of other shelves",
    "client/src/state imports itself by way of other shelves",
    "client/src/tabs imports itself by way of other shelves",
  ]);
});

Deno.test("files at the top, other trees and packages are no shelves", () => {
  const read = readShelves(TREE, [
    ...imports(["index.ts", "state/a.ts"], ["state/a.ts", "environment.ts"]),
    { from: `${TREE}/state/a.ts`, to: "npm:react@19" },
    { from: "tests/unit/client/a_test.ts", to: `${TREE}/state/a.ts` },
  ]);
  assert.deepEqual([...read], [["state", []]]);
});

Deno.test("each arrow is drawn once", () => {
  const twice = imports(["tabs/a.ts", "state/b.ts"], ["tabs/c.ts", "state/b.ts"]);
  assert.equal(
    drawShelves(TREE, twice),
    "```mermaid\nflowchart TD\n  tabs --> state\n```\n",
  );
});
