/**
 * Requests drawn from the OpenAPI document's own schemas: bodies that fit, and bodies with one thing
 * wrong. Whether a body fits is for the document to judge; this module only sees to it that both are
 * drawn often, and near the limits.
 *
 * @module
 */

import fc from "fast-check";

/** The parts of JSON Schema that the document's bodies use. */
interface Schema {
  readonly anyOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
}

const MAX_SHORT = 20;

/** A value that fits the schema. @throws {TypeError} If the schema holds what this does not know */
export function fitting(schema: object): fc.Arbitrary<unknown> {
  const { anyOf, type, const: only, enum: values, properties, required, pattern } =
    schema as Schema;
  if (anyOf) return fc.oneof(...anyOf.map(fitting));
  if (only !== undefined) return fc.constant(only);
  if (Array.isArray(type)) {
    return fc.oneof(...type.map((each: string) => fitting({ ...schema, type: each })));
  }
  if (type === "null") return fc.constant(null);
  if (type === "boolean") return fc.boolean();
  if (values) return fc.constantFrom(...values);
  if (properties || type === "object") {
    const fields: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(
      Object.entries(properties ?? {}).map(([name, each]) => [name, fitting(each)]),
    );
    return fc.record(fields, { requiredKeys: [...required ?? []] });
  }
  if (type !== "string") {
    throw new TypeError(`Cannot draw from a schema: ${JSON.stringify(schema)}`);
  }
  // One that names each character is drawn from; of a text that merely leaves some out most fit.
  if (pattern !== undefined && !/\\[psS]|\[\^/.test(pattern)) {
    return fc.stringMatching(new RegExp(pattern));
  }
  const fits = pattern === undefined ? /^/ : new RegExp(pattern, "u");
  return texts(schema as Schema).filter((text) => fits.test(text));
}

function texts({ minLength = 0, maxLength = MAX_SHORT }: Schema): fc.Arbitrary<string> {
  const short = Math.min(maxLength, MAX_SHORT);
  return fc.oneof(
    fc.string({ minLength, maxLength: short, unit: "grapheme" })
      .filter((text) => [...text].length <= maxLength),
    fc.string({ minLength, maxLength: short, unit: "grapheme-ascii" }),
    fc.emailAddress(),
    // At the limit, in characters of which a string counts two halves.
    fc.constantFrom("x", "ß", "🍳").map((character) => character.repeat(maxLength)),
  );
}

/** A value with one thing changed: often, but not always, one that does not fit any more. */
export function mutated(schema: object): fc.Arbitrary<unknown> {
  const names = namesOf(schema as Schema);
  return fc.tuple(fitting(schema), fc.constantFrom(...names, "x", "constructor"), anything())
    .chain(([value, name, other]) => {
      const fields = value as Readonly<Record<string, unknown>>;
      const old = Object.hasOwn(fields, name) ? fields[name] : undefined;
      const { [name]: _, ...without } = fields;
      // An object that was drawn has no prototype, and so no `toString`.
      const text = typeof old === "object" ? JSON.stringify(old) : String(old);
      return fc.constantFrom<unknown>(
        other,
        without,
        { ...fields, [name]: other },
        { ...fields, [name]: [old] },
        { ...fields, [name]: `${text}\0` },
        { ...fields, [name]: `\ud800${text}` },
        { ...fields, [name]: text.toUpperCase() },
        { ...fields, [name]: text.padEnd(8193, "x") },
        { ...fields, [name]: text.repeat(2) },
        { ...fields, [name]: "" },
        { ...fields, [`${name} `]: old ?? 1 },
        [fields],
      );
    });
}

/** Bodies for a route without one, and bodies that fit no route. */
export function anything(): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom<unknown>(null, 0, -1e308, true, "", "\0", "\ud800", {}, [], [[]]),
  );
}

function namesOf({ anyOf = [], properties = {} }: Schema): readonly string[] {
  return [...Object.keys(properties), ...anyOf.flatMap(namesOf)];
}
