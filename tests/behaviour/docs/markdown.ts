/**
 * Reads a document for the tests: its code blocks, its links and its tables.
 *
 * @module
 */

export interface CodeBlock {
  readonly language: string;
  /** Whether the document says that it runs as it stands: "```sh run". */
  readonly runs: boolean;
  readonly text: string;
}

const PROJECT = new URL("../../../", import.meta.url);

/** The documents of a folder, not of those in it. */
export async function listPages(folder: string): Promise<readonly string[]> {
  const entries = await Array.fromAsync(Deno.readDir(new URL(`${folder}/`, PROJECT)));
  return entries.map(({ name }) => `${folder}/${name}`).filter((path) => path.endsWith(".md"))
    .sort();
}

export async function readDocument(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, PROJECT));
}

export function readCodeBlocks(markdown: string): readonly CodeBlock[] {
  return [...markdown.matchAll(/^ *```(\w+)( run)?\n([\s\S]*?)^ *```$/gm)].map((
    [, language = "", run, text = ""],
  ) => ({ language, runs: run !== undefined, text }));
}

export interface FileLink {
  /** Empty: the same page. */
  readonly path: string;
  readonly anchor: string | null;
}

/** Links and pictures that lead to the project's own files. */
export function readFileLinks(markdown: string): readonly FileLink[] {
  return [...markdown.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)]
    .map(([, path = "", anchor = null]) => ({ path, anchor }))
    .filter(({ path }) => !/^[a-z]+:/.test(path));
}

/** The fragment of a link to a heading: the heading in lower case, hyphens for spaces, no punctuation. */
export function listAnchors(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-")
  );
}

/** The cells of every table row, without backticks. */
export function readTableRows(markdown: string): readonly (readonly string[])[] {
  return [...markdown.matchAll(/^\| (.*) \|$/gm)].map(([, row = ""]) =>
    row.split(" | ").map((cell) => cell.trim().replaceAll("`", ""))
  );
}
