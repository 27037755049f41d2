/**
 * A call of a SQL function, by either driver: its arguments, its answer and its failures. Knows the names
 * of the functions, and not what an answer means.
 *
 * @module
 */

import type { Database } from "./database.types.ts";

type Functions = Database["public"]["Functions"];
export type FunctionName = keyof Functions;

/** A function's arguments by name. Generated types do not know that every argument may be null. */
export type FunctionArguments<Name extends FunctionName> = {
  readonly [Key in keyof Functions[Name]["Args"]]: Functions[Name]["Args"][Key] | null;
};

/** Calls a SQL function; resolves with its JSON. Rejects with `ServiceUnavailableError` alone. */
export type CallSqlFunction = <Name extends FunctionName>(
  name: Name,
  args: FunctionArguments<Name>,
) => Promise<unknown>;
