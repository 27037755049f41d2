import assert from "node:assert/strict";
import { ERRORS, isSessionEnded } from "../../../supabase/functions/_shared/errors.ts";
import { OPERATIONS } from "../../../supabase/functions/_shared/http/openapi_operations.ts";
import { SIGN_IN_OPERATIONS } from "../../../supabase/functions/_shared/http/sign_in_operations.ts";
import { read } from "../../unit/functions/config_fixture.ts";
import {
  listAnchors,
  listPages,
  readCodeBlocks,
  readDocument,
  readFileLinks,
  readTableRows,
} from "./markdown.ts";

const PAGES = [
  "README.md",
  ...await listPages("docs"),
  ...await listPages("docs/deploy"),
  ...await listPages("docs/frameworks"),
  "bench/README.md",
  "client/README.md",
  "local/README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
];

Deno.test("every page says first whom it is for", async () => {
  for (const page of PAGES.filter((path) => path.includes("/"))) {
    assert.match(await readDocument(page), /^# .+\n\nFor .+/, page);
  }
});

Deno.test("the README leads to every page", async () => {
  const linked = readFileLinks(await readDocument("README.md")).map(({ path }) => path);
  for (const page of [...await listPages("docs"), "docs/deploy/README.md"]) {
    assert.ok(linked.includes(page), page);
  }
});

const TIERS_OF_FOLDERS = ["tests/behaviour", "tests/resilience"];

Deno.test("CONTRIBUTING says of every folder of tests what goes there", async () => {
  const list = async (parent: string) =>
    (await Array.fromAsync(Deno.readDir(new URL(`../../../${parent}/`, import.meta.url))))
      .filter(({ isDirectory }) => isDirectory).map(({ name }) => `${parent}/${name}`);
  const folders = (await list("tests")).filter((tier) => !TIERS_OF_FOLDERS.includes(tier))
    .concat(...await Promise.all(TIERS_OF_FOLDERS.map(list)));
  const [, section = ""] = (await readDocument("CONTRIBUTING.md"))
    .split("\n## Where does a test go?\n");
  const [table = ""] = section.split("\n## ");
  const named = new Set(
    [...table.matchAll(/`(tests\/[\w/]+)`/g)].map(([, folder = ""]) => folder)
      .filter((folder) => !TIERS_OF_FOLDERS.includes(folder)),
  );
  assert.deepEqual([...named].toSorted(), folders.toSorted());
});

Deno.test("the README shows exactly two commands that set everything up", async () => {
  const readme = await readDocument("README.md");
  const alone = readCodeBlocks(readme)
    .map(({ text }) => text.trim())
    .filter((text) => /^npx -y deno@\S+ task \w+$/.test(text));
  assert.deepEqual(alone, ["npx -y deno@2.9.6 task start", "npx -y deno@2.9.6 task test"]);
});

Deno.test("every link to a file of the project leads somewhere", async () => {
  for (const page of PAGES) {
    const base = new URL(`../../../${page}`, import.meta.url);
    for (const { path, anchor } of readFileLinks(await readDocument(page))) {
      const target = path === "" ? base : new URL(path, base);
      const found = await Deno.stat(target).catch(() => null);
      assert.ok(found, `${page}: ${path}`);
      if (anchor === null) continue;
      const anchors = listAnchors(await Deno.readTextFile(target));
      assert.ok(anchors.includes(anchor), `${page}: ${path}#${anchor}`);
    }
  }
});

Deno.test("the table of settings names exactly the variables that are read", async () => {
  const folder = new URL("../../../supabase/functions/_shared/config/", import.meta.url);
  const read = new Set<string>();
  for await (const { name } of Deno.readDir(folder)) {
    const source = await Deno.readTextFile(new URL(name, folder));
    for (const [variable] of source.matchAll(/(?<=")(?:SESSION|SUPABASE)_[A-Z_]+(?=")/g)) {
      read.add(variable);
    }
  }
  const documented = readTableRows(await readDocument("docs/settings.md")).flatMap(([cell = ""]) =>
    [...cell.matchAll(/(?:SESSION|SUPABASE)_[A-Z_]+/g)].map(([variable]) => variable)
  );
  assert.deepEqual(documented.toSorted(), [...read].toSorted());
});

Deno.test("to set a variable to the default that the table says changes nothing", async () => {
  for (const [cell = "", value = ""] of readTableRows(await readDocument("docs/settings.md"))) {
    const [name] = /SESSION_[A-Z_]+/.exec(cell) ?? [];
    const [said] = /^\d+$|(?<=^`)[a-z_-]+(?=`$)/.exec(value.trim()) ?? [];
    if (name !== undefined && said !== undefined) {
      assert.deepEqual(read({ [name]: said }), read(), name);
    }
  }
});

Deno.test("the table of routes is the list of operations", async () => {
  const documented = readTableRows(await readDocument("docs/api.md")).flatMap(([cell = ""]) => {
    const [, methods, path] = /^([A-Z]+(?:, [A-Z]+)*) (\/\S+)$/.exec(cell) ?? [];
    return methods?.split(", ").map((method) => `${method} ${path}`) ?? [];
  });
  const described = [...OPERATIONS, ...SIGN_IN_OPERATIONS]
    .map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  const all = [...described, "GET /unified-auth/openapi.json"];
  assert.deepEqual(documented.toSorted(), all.toSorted());
});

Deno.test("the table of errors is the list of errors", async () => {
  const documented = readTableRows(await readDocument("docs/api.md"))
    .map((row) => row.map((cell) => cell.trim()))
    .filter(([code = ""]) => code in ERRORS);
  const listed = Object.entries(ERRORS).map(([code, { status, message }]) => [
    code,
    String(status),
    isSessionEnded(code as keyof typeof ERRORS) ? "cleared" : "–",
    message,
  ]);
  assert.deepEqual(documented, listed);
});
