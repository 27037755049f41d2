/**
 * Calls of SQL functions straight over PostgreSQL's protocol, for projects that save the hop through the
 * data API. Knows which call may share a connection; loaded only where this way is chosen.
 *
 * @module
 */

import pg from "pg";
import type { DatabaseRpc, FunctionName } from "./database_rpc.ts";
import type { DatabaseAddress } from "./database_address.ts";
import { createPipeline, type Pipeline } from "./postgres/pipeline.ts";
import { createPool } from "./postgres/pool.ts";
import { composeStatement, orderValues, type Statement } from "./postgres/statement.ts";
import { ServiceUnavailableError } from "./service_unavailable.ts";

export interface PostgresRpcOptions {
  readonly address: DatabaseAddress;
  /** Connections at most for calls that each need one to themselves. */
  readonly poolSize: number;
  /** Connections at most that calls share, where PostgreSQL itself is at the other end. */
  readonly pipelines: number;
  /** How long a call may wait for a connection, a new one or a free one. */
  readonly connectTimeoutMs: number;
  /** How long the whole call may take. */
  readonly timeoutMs: number;
}

export interface PostgresRpc {
  readonly rpc: DatabaseRpc;
  close(): Promise<void>;
}

const IDLE_TIMEOUT_MS = 30_000;

/**
 * What shares a connection. It locks a row only if it finds a fork, and skips one that is locked for
 * all else it writes; every other call may wait for a row.
 */
const SHARES: FunctionName = "validate_session";

export function createPostgresRpc(options: PostgresRpcOptions): PostgresRpc {
  const common = { ...options, idleTimeoutMs: IDLE_TIMEOUT_MS };
  const pool = createPool({ ...common, size: options.poolSize });
  let pipelines = Array.from({ length: options.pipelines }, () => createPipeline(common));
  const statements = new Map<FunctionName, Statement>();

  const closePipelines = async () => {
    const closing = pipelines;
    pipelines = [];
    await Promise.all(closing.map((pipeline) => pipeline.close()));
  };

  const call = async (statement: Statement, values: unknown[]): Promise<unknown> => {
    const pipeline = statement.name === SHARES ? leastBusy(pipelines) : undefined;
    const answered = await pipeline?.call(statement, values);
    if (answered?.kind === "answered") return answered.answer;
    if (answered?.kind === "not_direct") void closePipelines();
    return await pool.call(statement, values);
  };

  return {
    async rpc(name, args) {
      let statement = statements.get(name);
      if (statement === undefined) {
        statement = composeStatement(name, Object.keys(args));
        statements.set(name, statement);
      }
      try {
        return await call(statement, orderValues(statement, args));
      } catch (error: unknown) {
        throw new ServiceUnavailableError({
          dependency: "session_store",
          code: failureCode(error),
        }, { cause: error });
      }
    },
    async close() {
      await Promise.all([closePipelines(), pool.close()]);
    },
  };
}

function leastBusy(pipelines: readonly Pipeline[]): Pipeline | undefined {
  return pipelines.reduce<Pipeline | undefined>(
    (least, each) => least === undefined || each.waiting < least.waiting ? each : least,
    undefined,
  );
}

/** PostgreSQL's code where it answered; the driver gives its own failures no code, only words. */
function failureCode(error: unknown): string {
  if (error instanceof pg.DatabaseError && error.code !== undefined) return error.code;
  return error instanceof Error && /time-?out/i.test(error.message) ? "timeout" : "network";
}
