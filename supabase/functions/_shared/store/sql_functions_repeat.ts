/**
 * Calls of SQL functions that the database has rolled back so that another transaction could go on: they
 * are made again. Nothing of them has happened, and the same call succeeds a moment later.
 *
 * @module
 */

import type { CallSqlFunction } from "./sql_functions.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";

/** `serialization_failure`, where an operator has raised the isolation, and `deadlock_detected`. */
const ROLLED_BACK: ReadonlySet<string> = new Set(["40001", "40P01"]);

const MAX_CALLS = 5;

export function repeatRolledBack(call: CallSqlFunction): CallSqlFunction {
  return async function callFunction(name, args) {
    for (let calls = 1;; calls += 1) {
      try {
        return await call(name, args);
      } catch (error: unknown) {
        const isRolledBack = error instanceof ServiceUnavailableError &&
          ROLLED_BACK.has(error.code);
        if (!isRolledBack || calls === MAX_CALLS) throw error;
      }
    }
  };
}
