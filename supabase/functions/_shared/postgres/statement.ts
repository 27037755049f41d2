/**
 * The text that calls a SQL function, and its values as the driver takes them. Knows what a parameter
 * is called and what its type means on the wire; must not know the driver.
 *
 * @module
 */

import type { Database, Json } from "../database.types.ts";
import type { FunctionName } from "../database_rpc.ts";

/** A statement of fixed text, which a connection may keep under its name. */
export interface Statement {
  /** The function's. */
  readonly name: FunctionName;
  /** Answers one row, whose column `answer` is the function's JSON. */
  readonly text: string;
  /** In the order of `$1`, `$2` … */
  readonly parameters: readonly string[];
}

/** What the rows of a {@linkcode Statement} hold. */
export interface AnswerRow {
  readonly answer: unknown;
}

/**
 * The database takes the types of the parameters from the function's own. In the select list and not in
 * `from`, where the answer would go through a tuple store first.
 */
export function composeStatement(name: FunctionName, parameters: readonly string[]): Statement {
  const given = parameters.map((parameter, index) => `${parameter} => $${index + 1}`);
  return {
    name,
    text: `select to_json(public.${name}(${given.join(", ")})) as answer`,
    parameters,
  };
}

/** The values of a call in the order of the statement's parameters. */
export function orderValues(
  { parameters }: Statement,
  given: Readonly<Record<string, unknown>>,
): unknown[] {
  return parameters.map((parameter) => toParameter(parameter, given[parameter]));
}

type Functions = Database["public"]["Functions"];
type JsonParameter = {
  [Name in FunctionName]: {
    [Key in keyof Functions[Name]["Args"]]-?: unknown extends Functions[Name]["Args"][Key] ? never
      : Json extends Functions[Name]["Args"][Key] ? Key
      : never;
  }[keyof Functions[Name]["Args"]];
}[FunctionName];

/** Each parameter of type `jsonb`: a list is JSON there, and a PostgreSQL array everywhere else. */
const JSON_PARAMETERS: Readonly<Record<string, true>> = {
  p_amr: true,
} satisfies Record<JsonParameter, true>;

function toParameter(name: string, value: unknown): unknown {
  return value !== null && JSON_PARAMETERS[name] ? JSON.stringify(value) : value;
}
