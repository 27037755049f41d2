/**
 * The shelves of the two trees that are too large for one folder: which imports which, never in a circle.
 *
 * @module
 */

import type { Import } from "./import_graph.ts";

export const SHELVED = ["supabase/functions/_shared", "client/src"] as const;

type ImportPaths = Pick<Import, "from" | "to">;

/**
 * Which shelf imports which, sorted. Files at the top of the tree are left out: all may import them, or
 * they put everything together.
 */
export function readShelves(
  tree: string,
  imports: readonly ImportPaths[],
): ReadonlyMap<string, readonly string[]> {
  const shelfOf = (path: string) =>
    path.startsWith(`${tree}/`) ? /^(\w+)\//.exec(path.slice(tree.length + 1))?.[1] : undefined;
  const shelves = new Map<string, Set<string>>();
  for (const [from, to] of imports.map((each) => [shelfOf(each.from), shelfOf(each.to)])) {
    if (from === undefined) continue;
    const imported = shelves.get(from) ?? new Set();
    if (to !== undefined && to !== from) imported.add(to);
    shelves.set(from, imported);
  }
  return new Map(
    [...shelves].sort(([one], [other]) => one.localeCompare(other))
      .map(([shelf, imported]) => [shelf, [...imported].sort()]),
  );
}

/** A line for each shelf from which imports lead back to it. */
export function judgeShelves(imports: readonly ImportPaths[]): readonly string[] {
  return SHELVED.flatMap((tree) => {
    const shelves = readShelves(tree, imports);
    return [...shelves.keys()].flatMap((shelf) => {
      const reached = new Set(shelves.get(shelf));
      for (const each of reached) {
        for (const next of shelves.get(each) ?? []) reached.add(next);
      }
      return reached.has(shelf) ? [`${tree}/${shelf} imports itself by way of other shelves`] : [];
    });
  });
}

/** The shelves as boxes, their imports as arrows. */
export function drawShelves(tree: string, imports: readonly ImportPaths[]): string {
  const arrows = [...readShelves(tree, imports)].flatMap(([shelf, imported]) =>
    imported.map((each) => `  ${shelf} --> ${each}\n`)
  );
  return "```mermaid\nflowchart TD\n" + arrows.join("") + "```\n";
}
