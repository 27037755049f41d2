/**
 * What the tests read out of a document: its code blocks, its links and its tables.
 *
 * @module
 */

export interface CodeBlock {
  readonly language: string;
  /** Whether the document says that it runs as it stands: "```sh run". */
  readonly runs: boolean;
  readonly text: string;
}

const PROJECT = new URL("../../", import.meta.url);

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

/** Targets of links and pictures that are files of the project. */
export function readFileLinks(markdown: string): readonly string[] {
  return [...markdown.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The cells of every table row, without backticks. */
export function readTableRows(markdown: string): readonly (readonly string[])[] {
  return [...markdown.matchAll(/^\| (.*) \|$/gm)].map(([, row = ""]) =>
    row.split(" | ").map((cell) => cell.trim().replaceAll("`", ""))
  );
}
