/**
 * Calls of SQL functions straight over PostgreSQL's protocol, for projects that save the hop through the
 * data API. Knows which calls may share a statement; loaded only where this way is chosen.
 *
 * @module
 */

import pg from "pg";
import type { CallSqlFunction, FunctionArguments, FunctionName } from "./sql_functions.ts";
import type { DatabaseAddress } from "./database_address.ts";
import { createBatch } from "./postgres/batch.ts";
import { createPool } from "./postgres/pool.ts";
import {
  type AnswerRow,
  composeSharedStatement,
  composeStatement,
  orderValues,
  type Statement,
} from "./postgres/statement.ts";
import { ServiceUnavailableError } from "../service_unavailable.ts";

export interface PostgresFunctionsOptions {
  readonly address: DatabaseAddress;
  /** Connections at most for calls that each need one to themselves. */
  readonly poolSize: number;
  /** Connections at most for validates, which share statements. */
  readonly batchConnections: number;
  /** How long a call may wait for a connection, a new one or a free one. */
  readonly connectTimeoutMs: number;
  /** How long the whole call may take. */
  readonly timeoutMs: number;
}

export interface PostgresFunctions {
  readonly call: CallSqlFunction;
  close(): Promise<void>;
}

const IDLE_TIMEOUT_MS = 30_000;

/**
 * The parameters of `validate_session` with their types, which a list of values has to name.
 * `tests/behaviour/sql/composite_types_test.ts` compares them with the database's.
 */
export const VALIDATE_PARAMETERS = {
  p_session_id: "uuid",
  p_generation: "integer",
  p_branch: "smallint",
  p_may_confirm: "boolean",
  p_policy: "session_policy",
  p_context: "request_context",
} as const;

/**
 * The calls that share statements: they skip a row that is locked. Every other call may wait for a row,
 * which would hold up its neighbours.
 */
const VALIDATES = composeSharedStatement("validate_session", VALIDATE_PARAMETERS);

export function createPostgresFunctions(options: PostgresFunctionsOptions): PostgresFunctions {
  const { poolSize, batchConnections, timeoutMs } = options;
  const common = { ...options, idleTimeoutMs: IDLE_TIMEOUT_MS, statementTimeoutMs: timeoutMs };
  const pool = createPool({ ...common, size: poolSize });
  const validates = createBatch({ ...common, size: batchConnections, statement: VALIDATES });
  const statements = new Map<FunctionName, Statement>();

  const statementOf = (name: FunctionName, args: object): Statement => {
    let statement = statements.get(name);
    if (statement === undefined) {
      statement = composeStatement(name, Object.keys(args));
      statements.set(name, statement);
    }
    return statement;
  };

  const askAlone = async <Name extends FunctionName>(
    name: Name,
    args: FunctionArguments<Name>,
    timeoutMs: number,
  ): Promise<unknown> => {
    const startedAtMs = performance.now();
    const statement = statementOf(name, args);
    const connection = await pool.take();
    return await connection.call(statement, orderValues(statement, args), {
      timeoutMs: timeoutMs - (performance.now() - startedAtMs),
      read: ([row]: readonly AnswerRow[]) => row?.answer,
    });
  };

  return {
    async call(name, args) {
      try {
        if (name !== "validate_session") return await askAlone(name, args, timeoutMs);
        return await validates.call({
          values: orderValues(VALIDATES.one, args),
          askAlone: (timeoutMs) => askAlone(name, args, timeoutMs),
        });
      } catch (error: unknown) {
        throw new ServiceUnavailableError({
          dependency: "session_store",
          code: failureCode(error),
        }, { cause: error });
      }
    },
    async close() {
      await Promise.all([validates.close(), pool.close()]);
    },
  };
}

/** PostgreSQL's code where it answered; the driver gives its own failures no code, only words. */
function failureCode(error: unknown): string {
  if (error instanceof pg.DatabaseError && error.code !== undefined) return error.code;
  return error instanceof Error && /time-?out/i.test(error.message) ? "timeout" : "network";
}
