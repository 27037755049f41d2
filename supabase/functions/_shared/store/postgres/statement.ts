/**
 * The text that calls a SQL function, and its values as the driver takes them. Knows what a parameter
 * is called and what its type means on the wire, and not how the driver is called.
 *
 * @module
 */

import type pg from "pg";
import type { Database, Json } from "../database.types.ts";
import type { NumberedCalls } from "../batch.ts";
import type { FunctionName } from "../sql_functions.ts";
import { type CompositeName, type CompositeTypes, writeComposite } from "./composites.ts";

/** A statement of fixed text, which a connection may keep under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** The function's, in the order of its values. */
  readonly parameters: readonly string[];
}

/** The row of one call. */
export interface AnswerRow extends pg.QueryResultRow {
  /** The function's JSON. */
  readonly answer: unknown;
}

/** A row of many calls, which come in any order. */
export interface NumberedRow extends AnswerRow {
  readonly number: number;
}

export function composeStatement(name: FunctionName, parameters: readonly string[]): Statement {
  const call = composeCall(name, parameters, (_, index) => `$${index + 1}`);
  return { name, text: `select ${call} as answer`, parameters };
}

/** For calls that share statements. */
export interface SharedStatement<Args> {
  /** Takes the number and the values of one call: a list of one costs the database a fifth more. */
  readonly one: Statement;
  readonly many: Pick<Statement, "name" | "text"> & {
    valuesOf(calls: NumberedCalls<Args>): unknown[];
  };
}

/** With the call's number before the function's values and beside its answer. */
export function composeNumberedStatement(
  name: FunctionName,
  parameters: readonly string[],
): Statement {
  const call = composeCall(name, parameters, (_, index) => `$${index + 2}`);
  return { name, text: `select $1::integer as number, ${call} as answer`, parameters };
}

/**
 * The database takes the types of plain parameters from the function's own. For the select list and not
 * for `from`, where the answer would go through a tuple store first.
 */
function composeCall(
  name: FunctionName,
  parameters: readonly string[],
  valueOf: (parameter: string, index: number) => string,
): string {
  const given = parameters.map((parameter, index) =>
    `${parameter} => ${valueOf(parameter, index)}`
  );
  return `to_json(public.${name}(${given.join(", ")}))`;
}

/** The values of a call in the order of the statement's parameters. */
export function orderValues(
  { parameters }: Statement,
  given: Readonly<Record<string, unknown>>,
): unknown[] {
  return parameters.map((parameter) => toParameter(parameter, given[parameter]));
}

type Functions = Database["public"]["Functions"];
type ParametersOfType<Type> = {
  [Name in FunctionName]: {
    [Key in keyof Functions[Name]["Args"]]-?: unknown extends Functions[Name]["Args"][Key] ? never
      : [Type] extends [Functions[Name]["Args"][Key]] ? Key
      : never;
  }[keyof Functions[Name]["Args"]];
}[FunctionName];
type CompositeParameter = {
  [Composite in keyof CompositeTypes]: ParametersOfType<CompositeTypes[Composite]>;
}[keyof CompositeTypes];

/** Each parameter of a composite type, with that type. */
const COMPOSITE_PARAMETERS: Readonly<Record<string, CompositeName>> = {
  p_access: "token_place",
  p_acting: "token_place",
  p_context: "request_context",
  p_policy: "session_policy",
  p_presented: "presented_refresh_token",
  p_proof: "presented_proof",
  p_successor: "proposed_successor",
  p_token_policy: "access_token_policy",
} satisfies Record<Exclude<CompositeParameter, JsonParameter>, CompositeName>;

type JsonParameter = ParametersOfType<Json>;

/** Each parameter of type `jsonb`: a list is JSON there, and a PostgreSQL array everywhere else. */
const JSON_PARAMETERS: Readonly<Record<string, true>> = {
  p_amr: true,
} satisfies Record<JsonParameter, true>;

/** A value as the driver takes it for the parameter of this name. */
export function toParameter(name: string, value: unknown): unknown {
  if (value === null) return value;
  if (JSON_PARAMETERS[name]) return JSON.stringify(value);
  const composite = COMPOSITE_PARAMETERS[name];
  return composite !== undefined && typeof value === "object"
    ? writeComposite(composite, value)
    : value;
}
