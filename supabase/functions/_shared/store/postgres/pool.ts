/**
 * Connections of which each answers one call at a time, so that a call that waits for a row holds up
 * no other. Where a pooler may stand in between, nothing of a call outlives it: it is one unnamed
 * statement, which is one transaction, with no setting, no lock and no prepared statement left.
 *
 * @module
 */

import pg from "pg";
import type { DatabaseAddress } from "../database_address.ts";
import { connectionConfig, isDirect, limitConnection } from "./connection.ts";
import type { Statement } from "./statement.ts";
import { storeUnavailable } from "../sql_functions.ts";
import { ServiceUnavailableError } from "../../service_unavailable.ts";

export interface PoolOptions {
  readonly address: DatabaseAddress;
  /** Connections at most. They are made when they are first needed. */
  readonly size: number;
  /** How long it may take to be given a connection, a new one or a free one. */
  readonly connectTimeoutMs: number;
  /** How long the server may take over one statement. */
  readonly statementTimeoutMs: number;
  /** Without calls for this long a connection is closed: the database has others to serve. */
  readonly idleTimeoutMs: number;
}

export interface ConnectionCall<Row, Answer> {
  readonly timeoutMs: number;
  /** Makes the answer of the rows. */
  read(rows: readonly Row[]): Answer;
}

/** Taken from the pool: it has to be used once or given back. */
export interface Connection {
  /** Gives it back; after any failure, one of `read` too, it is closed. */
  call<Row extends pg.QueryResultRow, Answer>(
    statement: Pick<Statement, "name" | "text">,
    values: unknown[],
    call: ConnectionCall<Row, Answer>,
  ): Promise<Answer>;
  giveBack(): void;
}

/** Rejects with `ServiceUnavailableError` alone. */
export interface Pool {
  take(): Promise<Connection>;
  close(): Promise<void>;
}

export function createPool(options: PoolOptions): Pool {
  const direct = new WeakSet<pg.ClientBase>();
  const pool = new pg.Pool({
    ...connectionConfig(options.address),
    max: options.size,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: options.idleTimeoutMs,
    allowExitOnIdle: true, // or a process that should end would wait for that
    async onConnect(client) {
      // A connection lost under a call fails the call, and then emits an event that nobody
      // must miss: unheard, it ends the process (PostgreSQL killed under load: 57P01).
      client.on("error", () => {});
      if (!await isDirect(client, options.connectTimeoutMs)) return;
      direct.add(client);
      const { statementTimeoutMs } = options;
      await limitConnection(client, {
        statementTimeoutMs,
        idleInTransactionTimeoutMs: statementTimeoutMs,
      });
    },
  });
  // A connection that is lost while nobody uses it: the pool has dropped it, the next call makes another.
  pool.on("error", () => {});

  return {
    async take() {
      const client = await pool.connect().catch((error: unknown) => {
        throw toUnavailable(error);
      });
      return {
        async call({ name, text }, values, { timeoutMs, read }) {
          try {
            const query = { text, values, query_timeout: Math.max(1, timeoutMs) };
            const { rows } = await client.query(direct.has(client) ? { ...query, name } : query);
            const answer = read(rows);
            client.release();
            return answer;
          } catch (error: unknown) {
            client.release(true); // it may still wait for what nobody wants any more
            throw toUnavailable(error);
          }
        },
        giveBack: () => client.release(),
      };
    },
    close: () => pool.end(),
  };
}

/** With PostgreSQL's code where it answered; the driver gives its own failures no code, only words. */
function toUnavailable(error: unknown): ServiceUnavailableError {
  if (error instanceof ServiceUnavailableError) return error; // of `read`
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    return storeUnavailable(error.code, error);
  }
  const isLate = error instanceof Error && /time-?out/i.test(error.message);
  return storeUnavailable(isLate ? "timeout" : "network", error);
}
