/**
 * Calls of SQL functions straight over PostgreSQL's protocol, for projects that save the hop through the
 * data API. Knows which calls may share a statement; loaded only where this way is chosen.
 *
 * @module
 */

import {
  type CallSqlFunction,
  type FunctionArguments,
  type FunctionName,
  isValidate,
  type ValidateArguments,
} from "./sql_functions.ts";
import type { DatabaseAddress } from "./database_address.ts";
import { createBatch } from "./batch.ts";
import { takeLane } from "./postgres/lane.ts";
import { createPool } from "./postgres/pool.ts";
import {
  type AnswerRow,
  composeSharedStatement,
  composeStatement,
  orderValues,
  type Statement,
} from "./postgres/statement.ts";

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
  const sharedPool = createPool({ ...common, size: batchConnections });
  const statements = new Map<FunctionName, Statement>();

  const statementOf = (name: FunctionName, args: object): Statement => {
    let statement = statements.get(name);
    if (statement === undefined) {
      statement = composeStatement(name, Object.keys(args));
      statements.set(name, statement);
    }
    return statement;
  };

  const callAlone = async <Name extends FunctionName>(
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

  const validates = createBatch<ValidateArguments>({
    lanes: batchConnections,
    timeoutMs,
    take: () => takeLane(sharedPool, VALIDATES),
    callAlone: (args, timeoutMs) => callAlone("validate_session", args, timeoutMs),
  });

  return {
    async call(name, args) {
      return isValidate(name, args)
        ? await validates.call(args)
        : await callAlone(name, args, timeoutMs);
    },
    async close() {
      await Promise.all([sharedPool.close(), pool.close()]);
    },
  };
}
