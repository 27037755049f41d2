/**
 * Passages that follow from other files, inside files that are written by hand: the table of errors, the
 * table of browsers, the numbers of the migrations, the pictures of the shelves.
 *
 * @module
 */

import { markdownTable } from "markdown-table";
import { ERRORS, isSessionEnded } from "../../supabase/functions/_shared/errors.ts";
import { writeBrowsersTable } from "../behaviour/engines/browsers_table.ts";
import { type Check, PROJECT } from "./check.ts";
import { readImports } from "./import_graph.ts";
import { drawShelves, SHELVED } from "./shelves.ts";
import { readSourceFiles } from "./source_files.ts";

interface Passage {
  readonly path: string;
  /** Matches the passage alone. */
  readonly pattern: RegExp;
  readonly generate: () => string | Promise<string>;
}

const PASSAGES: readonly Passage[] = [
  {
    path: "docs/api.md",
    pattern: /(?<=\n## Errors\n[^#]*?)\| code [^#]*?\|\n(?=\n)/,
    generate: writeErrorTable,
  },
  {
    path: "docs/architecture.md",
    pattern: /(?<=\n## The shelves\n)[^#]*(?=\n## )/,
    generate: drawAllShelves,
  },
  {
    path: "docs/browsers.md",
    pattern: /(?<=\n## In every engine\n[^#]*?)\| case [^#]*?\|\n(?=\n)/,
    generate: writeBrowsersTable,
  },
  {
    path: "supabase/functions/_shared/version.ts",
    pattern: /(?<=LAST_MIGRATION = )\d+(?=;)/,
    generate: async () => (await listVersions()).at(-1) ?? "0",
  },
  {
    path: "tools/uninstall.sql",
    pattern: /(?<=where m\.version in \(\n)[^)]*?(?=\n *\))/,
    generate: async () => (await listVersions()).map((version) => `      '${version}'`).join(",\n"),
  },
];

/** None of them needs a database. */
export const generatedPassages: Check = {
  name: "generated passages",
  run: async () => {
    const changes = await Promise.all(PASSAGES.map(readPassage));
    return changes.filter(({ now, committed }) => now !== committed)
      .map(({ path }) => `${path} does not follow what it is made from: run "deno task types"`);
  },
};

export async function writeGeneratedPassages(): Promise<void> {
  for (const passage of PASSAGES) {
    const { path, now } = await readPassage(passage);
    await Deno.writeTextFile(`${PROJECT}/${path}`, now);
  }
}

async function readPassage({ path, pattern, generate }: Passage) {
  const committed = await Deno.readTextFile(`${PROJECT}/${path}`);
  if (!pattern.test(committed)) throw new TypeError(`${path} has lost its generated passage`);
  const passage = await generate();
  return { path, committed, now: committed.replace(pattern, () => passage) };
}

function writeErrorTable(): string {
  const rows = Object.entries(ERRORS).map(([code, { status, message }]) => {
    const cookies = isSessionEnded(code as keyof typeof ERRORS) ? "cleared" : "–";
    return [`\`${code}\``, String(status), cookies, message];
  });
  return `${markdownTable([["code", "status", "cookies", "message"], ...rows])}\n`;
}

async function drawAllShelves(): Promise<string> {
  const files = await readSourceFiles({ extensions: [".ts", ".tsx"] });
  const imports = await readImports(
    files.map(({ path }) => path).filter((path) => SHELVED.some((tree) => path.startsWith(tree))),
  );
  const pictures = SHELVED.map((tree) => `\`${tree}\`:\n\n${drawShelves(tree, imports)}`);
  return ["\nWhich imports which. `deno task types` draws them.\n", ...pictures].join("\n");
}

async function listVersions(): Promise<readonly string[]> {
  const entries = await Array.fromAsync(Deno.readDir(`${PROJECT}/supabase/migrations`));
  return entries.flatMap(({ name }) => /^\d+(?=_.*\.sql$)/.exec(name) ?? []).sort();
}
