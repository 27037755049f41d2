import assert from "node:assert/strict";
import type { SessionEventName } from "../../../client/src/index.ts";
import { DEFAULTS } from "../../../client/src/session/options.ts";
import { readDocument } from "./markdown.ts";

const CLIENT = new URL("../../../client/src/", import.meta.url);

/** Where the package's entries are in the sources. */
const ENTRIES: Readonly<Record<string, string>> = {
  "@unified-auth/client/supabase": new URL("supabase/index.ts", CLIENT).href,
  "@unified-auth/client/react": new URL("react/index.ts", CLIENT).href,
  "@unified-auth/client/server": new URL("server/index.ts", CLIENT).href,
  "@unified-auth/client/cache": new URL("cache.ts", CLIENT).href,
  "@unified-auth/client/metrics": new URL("metrics.ts", CLIENT).href,
  "@unified-auth/client": new URL("index.ts", CLIENT).href,
};

const EXAMPLE = /^```(tsx?) check\n([\s\S]*?)^```$/gm;

/** How many examples each page has at the least, and whether every block of code is one. */
const PAGES = [
  { page: "docs/frameworks/README.md", atLeast: 1, everyBlock: false },
  { page: "README.md", atLeast: 1, everyBlock: true },
  { page: "client/README.md", atLeast: 6, everyBlock: true },
  { page: "docs/sign-in.md", atLeast: 2, everyBlock: true },
] as const;

Deno.test("the examples of the pages compile", async () => {
  const examples: Example[] = [];
  for (const { page, atLeast, everyBlock } of PAGES) {
    const text = await readDocument(page);
    const found = [...text.matchAll(EXAMPLE)];
    assert.ok(found.length >= atLeast, `${page}: ${found.length} examples, not ${atLeast}`);
    const blocks = [...text.matchAll(/^```tsx?\b/gm)];
    if (everyBlock) assert.equal(found.length, blocks.length, `${page}: blocks not checked`);
    examples.push(
      ...found.map(([, language = "ts", text = ""]) => ({ source: page, language, text })),
    );
  }
  await compile(examples);
});

interface Example {
  /** Where it stands, for the compiler's messages. */
  readonly source: string;
  readonly language: string;
  readonly text: string;
}

interface DocumentedSymbol {
  readonly name: string;
  readonly declarations: readonly {
    readonly jsDoc?: {
      readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
    };
  }[];
}

Deno.test("every public symbol is documented, with an example that compiles", async () => {
  const entries = Object.values(ENTRIES).map((url) => new URL(url).pathname);
  const lint = await deno("doc", "--lint", ...entries);
  assert.ok(lint.success, lint.errors);
  const examples: Example[] = [];
  for (const entry of entries) {
    const { output } = await deno("doc", "--json", entry);
    const { nodes }: {
      readonly nodes: Readonly<Record<string, { readonly symbols: readonly DocumentedSymbol[] }>>;
    } = JSON.parse(output);
    for (const { symbols } of Object.values(nodes)) {
      for (const { name, declarations } of symbols) {
        const tags = declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? [])
          .filter(({ kind }) => kind === "example");
        assert.ok(tags.length > 0, `${name} has no @example`);
        for (const { doc = "" } of tags) {
          const [, language = "ts", text = ""] = /```(tsx?)\n([\s\S]*?)```/.exec(doc) ?? [];
          examples.push({ source: name, language, text: `${text}\nexport {};\n` });
        }
      }
    }
  }
  assert.ok(examples.length > 40);
  const distinct = new Map(examples.map((example) => [example.text, example]));
  await compile([...distinct.values()]);
});

/** Compiles `examples`, inside the project, so that its compiler options and its dependencies hold. */
async function compile(examples: readonly Example[]): Promise<void> {
  const directory = await Deno.makeTempDir({ dir: new URL(".", import.meta.url).pathname });
  try {
    const files: string[] = [];
    for (const [index, { source, language, text }] of examples.entries()) {
      const file = `${directory}/${source.replaceAll(/\W/g, "_")}_${index}.${language}`;
      await Deno.writeTextFile(file, withSources(text));
      files.push(file);
    }
    const { success, errors } = await deno("check", "--quiet", ...files);
    assert.ok(success, errors);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function deno(
  ...args: readonly string[]
): Promise<{ readonly success: boolean; readonly output: string; readonly errors: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args] })
    .output();
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { success, output: output ?? "", errors: errors ?? "" };
}

Deno.test("no example of the client's README undoes anything before a page is really gone", async () => {
  const readme = await readDocument("client/README.md");
  // They fire for downloads and for a navigation that the person calls off, too.
  assert.doesNotMatch(readme, /beforeunload|"unload"/);
});

Deno.test("a client is made on a server, which may do nothing", async () => {
  const directory = await Deno.makeTempDir({ dir: new URL(".", import.meta.url).pathname });
  try {
    await Deno.writeTextFile(
      `${directory}/server.ts`,
      withSources(`import { createAuthClient } from "@unified-auth/client";
const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
if (auth.status !== "unknown") throw new Error(auth.status);
`),
    );
    // No permission at all: neither the network nor the environment.
    const { success, errors } = await deno(
      "run",
      "--no-prompt",
      "--no-check",
      "--quiet",
      `${directory}/server.ts`,
    );
    assert.ok(success, errors);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** An example with the package's entries as the sources have them. */
function withSources(text: string): string {
  return Object.entries(ENTRIES).reduce(
    (code, [name, url]) => code.replaceAll(`"${name}"`, `"${url}"`),
    text,
  );
}

/** Every event, as the compiler sees to it. */
const EVENTS: Readonly<Record<SessionEventName, true>> = {
  "state": true,
  "signed-in": true,
  "signed-out": true,
  "session-refreshed": true,
  "session-ended": true,
  "session-warning": true,
  "session-warning-cleared": true,
  "user-changed": true,
  "suspended": true,
  "recovery": true,
  "offline": true,
  "online": true,
  "queue": true,
};

Deno.test("the client's README lists each public number with its default, and every event", async () => {
  const readme = await readDocument("client/README.md");
  const options = [...readme.matchAll(/^\| `(\w+)` +\| ([\d_]+) +\|/gm)]
    .map(([, name = "", value = ""]) => [name, Number(value.replaceAll("_", ""))] as const);
  assert.ok(options.length <= 4, "a page's worth of numbers is no API");
  for (const [name, value] of options) {
    assert.equal(new Map(Object.entries(DEFAULTS)).get(name), value);
  }
  const [, events = ""] = readme.split("\n## Events\n");
  const rows = (events.split("\n## ")[0] ?? "").split("\n").filter((line) =>
    line.startsWith("| `")
  );
  const listed = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name)
  );
  assert.deepEqual(listed.toSorted(), Object.keys(EVENTS).toSorted());
});
