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
import { takeLane } from "./postgres/lane.ts";
import { createPool } from "./postgres/pool.ts";
import { createValidates, toValidation } from "./validates.ts";
import {
  type AnswerRow,
  composeNumberedStatement,
  composeStatement,
  orderValues,
  type SharedStatement,
  type Statement,
  toParameter,
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
 * The calls that share statements: they skip a row that is locked. Every other call may wait for a row,
 * which would hold up its neighbours.
 *
 * Many are one list of JSON. A list for each parameter takes the database as long, and this process half
 * as long again: each value of it is escaped twice.
 */
const VALIDATES: SharedStatement<ValidateArguments> = {
  one: composeNumberedStatement("validate_session", [
    "p_session_id",
    "p_generation",
    "p_branch",
    "p_may_confirm",
    "p_policy",
    "p_context",
  ]),
  many: {
    name: "validate_session, many",
    text: `
      select v.number, to_json(public.validate_session(
        v.session_id, v.generation, v.branch, v.may_confirm, $2, v.context)) as answer
      from json_populate_recordset(null::public.unified_auth_validation, $1) as v`,
    valuesOf: (calls) => [
      JSON.stringify(calls.map(toValidation)),
      toParameter("p_policy", calls[0].args.p_policy),
    ],
  },
};

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

  const validates = createValidates({
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
