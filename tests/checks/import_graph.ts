/**
 * Which file of the project imports what, as Deno resolves it.
 *
 * @module
 */

import * as z from "zod";
import { PROJECT, runProgram } from "./check.ts";

/** One import, type-only ones included. */
export interface Import {
  /** The importing file, from the project's directory. */
  readonly from: string;
  /** A file from the project's directory, or what else it is: `npm:hono@…`, `node:crypto`. */
  readonly to: string;
  /** Whether the importing file cannot run before the other one has: not of types, nor of `import()`. */
  readonly isAwaited: boolean;
}

const resolution = z.object({ specifier: z.string().optional(), error: z.string().optional() });

const moduleInfo = z.object({
  modules: z.array(z.object({
    specifier: z.string(),
    error: z.string().optional(),
    dependencies: z.array(z.object({
      specifier: z.string(),
      code: resolution.optional(),
      isDynamic: z.boolean().default(false),
      type: resolution.optional(),
    })).default([]),
  })),
});

/**
 * Reads the imports of the given files and of all that they lead to. Only reads: no file is run.
 *
 * @throws {TypeError} If Deno cannot resolve one of them
 */
export async function readImports(paths: readonly string[]): Promise<readonly Import[]> {
  const roots = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const root = `file://${PROJECT}`;
    await Deno.writeTextFile(roots, paths.map((path) => `import "${root}/${path}";\n`).join(""));
    const { success, stdout, stderr } = await runProgram(Deno.execPath(), [
      "info",
      "--json",
      "--node-modules-dir=none",
      `--config=${PROJECT}/deno.json`,
      roots,
    ]);
    if (!success) throw new TypeError(`Cannot read the imports: ${stderr.trim()}`);
    return moduleInfo.parse(JSON.parse(stdout)).modules
      .filter(({ specifier }) => specifier.startsWith(`${root}/`))
      .flatMap(({ specifier, dependencies }) =>
        dependencies.map(({ specifier: written, code, type, isDynamic }) => ({
          from: toPath(specifier),
          to: toPath(code?.specifier ?? type?.specifier ?? written),
          isAwaited: code !== undefined && !isDynamic,
        }))
      );
  } finally {
    await Deno.remove(roots);
  }
}

/** The modules that run before the first line of `entry` does, itself included. */
export function listAwaited(entry: string, imports: readonly Import[]): readonly string[] {
  const found = new Set([entry]);
  for (const from of found) {
    for (const one of imports) {
      if (one.from === from && one.isAwaited) found.add(one.to);
    }
  }
  return [...found].sort();
}

function toPath(specifier: string): string {
  const root = `file://${PROJECT}/`;
  return specifier.startsWith(root) ? specifier.slice(root.length) : specifier;
}
