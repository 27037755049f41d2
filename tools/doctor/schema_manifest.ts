/**
 * The objects that the migrations make, by name, each with its properties as the catalog of a migrated
 * database has them. Generated into a file of this checkout, with which the doctor compares a
 * database.
 *
 * @module
 */

import type postgres from "postgres";

/** For each object, `function public.rotate_session(…)`, the value of each of its properties. */
export type SchemaManifest = Readonly<Record<string, Readonly<Record<string, string>>>>;

const QUERY = new URL("checks/schema.sql", import.meta.url);
const MANIFEST = new URL("schema.json", import.meta.url);

/** Reads a database. `names` are those of ours in `public`; null: all that is there is ours. */
export async function readSchema(
  database: postgres.Sql,
  names: readonly string[] | null,
): Promise<SchemaManifest> {
  const query = await Deno.readTextFile(QUERY);
  const rows = await database.begin("read only", async (transaction) => {
    // Definitions name every object with its schema when none is on the path.
    await transaction`set local search_path = ''`;
    return await transaction.unsafe<Row[]>(query, [names]);
  });
  const manifest: Record<string, Record<string, string>> = {};
  for (const { object, property, value } of rows) (manifest[object] ??= {})[property] = value;
  return manifest;
}

interface Row {
  readonly object: string;
  readonly property: string;
  readonly value: string;
}

/** The objects that this checkout's migrations make. */
export async function readManifest(): Promise<SchemaManifest> {
  return JSON.parse(await Deno.readTextFile(MANIFEST));
}

/** Without their schema: what `public` may hold of ours. */
export function namesInPublic(manifest: SchemaManifest): readonly string[] {
  return Object.keys(manifest).flatMap((object) =>
    /^(?:function|sequence|table|type|view) public\.(\w+)/.exec(object)?.slice(1) ?? []
  );
}

/** One thing in which a database is not as the migrations make it. */
export type SchemaDifference =
  | { readonly kind: "missing" | "extra"; readonly object: string }
  | {
    readonly kind: "changed";
    readonly object: string;
    readonly property: string;
    readonly is: string | undefined;
    readonly shouldBe: string | undefined;
  };

export function compareSchemas(
  expected: SchemaManifest,
  actual: SchemaManifest,
): readonly SchemaDifference[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort().flatMap(
    (object): readonly SchemaDifference[] => {
      const [wanted, found] = [expected[object], actual[object]];
      if (found === undefined) return [{ kind: "missing", object }];
      if (wanted === undefined) return [{ kind: "extra", object }];
      const properties = new Set([...Object.keys(wanted), ...Object.keys(found)]);
      return [...properties]
        .filter((property) => wanted[property] !== found[property])
        .map((property) => ({
          kind: "changed",
          object,
          property,
          is: found[property],
          shouldBe: wanted[property],
        }));
    },
  );
}
