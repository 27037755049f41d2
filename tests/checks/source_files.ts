/**
 * The files that people of this project write: all but what is installed, built or made by running it.
 *
 * @module
 */

import { PROJECT } from "./check.ts";

export interface SourceFile {
  /** From the project's directory: `supabase/functions/_shared/errors.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Directories that hold nothing written by hand, wherever they are. */
const SKIPPED = new Set(["node_modules", ".git", ".local", "dist", ".temp", ".branches"]);

/** Reads every file with one of the extensions, in the order of their paths. */
export async function readSourceFiles(
  { extensions }: { readonly extensions: readonly string[] },
): Promise<readonly SourceFile[]> {
  const paths = await Array.fromAsync(walk(""));
  const wanted = paths.filter((path) => extensions.some((extension) => path.endsWith(extension)));
  return await Promise.all(
    wanted.sort().map(async (path) => ({
      path,
      text: await Deno.readTextFile(`${PROJECT}/${path}`),
    })),
  );
}

async function* walk(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(`${PROJECT}/${directory}`)) {
    const path = directory === "" ? name : `${directory}/${name}`;
    if (isFile) yield path;
    else if (isDirectory && !SKIPPED.has(name)) yield* walk(path);
  }
}
