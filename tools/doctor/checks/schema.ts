/**
 * Whether what the migrations made is still there and as they made it. "Every migration has been
 * applied" says less: a restored dump may lack a trigger, and somebody may have changed a function.
 *
 * @module
 */

import { failed, notChecked, ok, quote, type Result, warning } from "../finding.ts";
import type { Subject } from "../subject.ts";
import {
  compareSchemas,
  namesInPublic,
  readManifest,
  readSchema,
  type SchemaDifference,
} from "../schema_manifest.ts";

const REMEDY =
  "Make it again as docs/schema.sql has it, where each object stands under its name: " +
  'docs/operations.md, "Restored from a backup".';

/** A database without the migrations differs in everything: the check before says so. */
const MAX_LISTED = 12;

/** Longer ones, such as the hash of a body, tell a reader nothing. */
const MAX_VALUE_LENGTH = 40;

export async function schema({ database }: Subject): Promise<Result> {
  if (database === null) {
    return notChecked("No database was named.", "Say --remote=postgresql://…");
  }
  const expected = await readManifest();
  const actual = await readSchema(database, namesInPublic(expected));
  const differences = compareSchemas(expected, actual);
  if (differences.length === 0) return ok("Everything that the migrations make is there as made.");

  const listed = differences.slice(0, MAX_LISTED).map(describe);
  const more = differences.length - listed.length;
  const list = [...listed, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
  return differences.every(isExtraIndex)
    ? warning(
      `There are indexes that the migrations do not make: ${list}.`,
      "See that none is on a column that a rotation changes, or rotations stop being HOT updates.",
    )
    : failed(`The database is not as the migrations make it: ${list}.`, REMEDY);
}

function isExtraIndex({ kind, object }: SchemaDifference): boolean {
  return kind === "extra" && object.startsWith("index ");
}

function describe(difference: SchemaDifference): string {
  const object = quote(difference.object);
  switch (difference.kind) {
    case "missing":
      return `${object} is missing`;
    case "extra":
      return `${object} was added`;
    case "changed": {
      const { property, is = "nothing", shouldBe = "nothing" } = difference;
      return is.length + shouldBe.length > 2 * MAX_VALUE_LENGTH
        ? `${property} of ${object} differs`
        : `${property} of ${object} is ${quote(is)} instead of ${quote(shouldBe)}`;
    }
    default:
      return difference satisfies never;
  }
}
