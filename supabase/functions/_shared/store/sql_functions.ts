/**
 * A call of a SQL function, by either driver: its arguments, its answer and its failures. Knows the names
 * of the functions, and not what an answer means.
 *
 * @module
 */

import type { Database } from "./database.types.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";

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

export type ValidateArguments = FunctionArguments<"validate_session">;

/** Whether this is the call that every request makes, which travels with others of its moment. */
export function isValidate(name: FunctionName, _args: object): _args is ValidateArguments {
  return name === "validate_session";
}

/** @param code PostgreSQL's, the data API's, or `timeout`, `network`, `unexpected_answer` */
export function storeUnavailable(code: string, cause?: unknown): ServiceUnavailableError {
  return new ServiceUnavailableError({ dependency: "session_store", code }, { cause });
}
