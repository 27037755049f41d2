/**
 * Calls of SQL functions straight over PostgreSQL's protocol, for projects that save the hop through the
 * data API. The only module that knows the driver; loaded only where this way is chosen.
 *
 * Nothing of a call outlives it: each is one unnamed statement of fixed text, a transaction by itself, in
 * one round trip, with no setting, no lock and no prepared statement left on the connection. So a pooler
 * in transaction mode may stand in between. For the same reason no statement is sent before the one
 * before it was answered: not every pooler keeps pipelined answers apart.
 *
 * @module
 */

import pg from "pg";
import type { Database, Json } from "./database.types.ts";
import type { DatabaseRpc, FunctionName } from "./database_rpc.ts";
import type { DatabaseAddress } from "./database_address.ts";
import { ServiceUnavailableError } from "./service_unavailable.ts";

export interface PostgresRpcOptions {
  readonly address: DatabaseAddress;
  /** Connections at most. They are made when they are first needed. */
  readonly poolSize: number;
  /** How long a call may wait for a connection, a new one or a free one. */
  readonly connectTimeoutMs: number;
  /** How long the whole call may take. */
  readonly timeoutMs: number;
}

export interface PostgresRpc {
  readonly rpc: DatabaseRpc;
  close(): Promise<void>;
}

/** Without calls for this long a connection is closed: the database has others to serve. */
const IDLE_TIMEOUT_MS = 30_000;

export function createPostgresRpc(options: PostgresRpcOptions): PostgresRpc {
  const { address } = options;
  const pool = new pg.Pool({
    host: address.host,
    port: address.port,
    user: address.user,
    password: address.password,
    database: address.database,
    ssl: address.tls === "off" ? false : { rejectUnauthorized: address.tls === "verified" },
    application_name: "unified-auth",
    max: options.poolSize,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    allowExitOnIdle: true, // or a process that is asked to end would wait for that
    keepAlive: true,
  });
  // A connection that is lost while nobody uses it: the pool has dropped it, the next call makes another.
  pool.on("error", () => {});
  // One that is lost under a call is told to the call, and once more as an event that nobody must miss:
  // unheard, it ends the process (PostgreSQL killed under load: 57P01, after the query had failed).
  pool.on("connect", (client) => client.on("error", () => {}));

  const answerOf = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    const startedAtMs = performance.now();
    const client = await pool.connect();
    try {
      const leftMs = Math.max(1, options.timeoutMs - (performance.now() - startedAtMs));
      const query = { text, values: [...values], query_timeout: leftMs };
      const { rows } = await client.query<{ readonly answer: unknown }>(query);
      client.release();
      return rows[0]?.answer;
    } catch (error: unknown) {
      client.release(true); // it may still wait for what nobody wants any more
      throw error;
    }
  };

  const statements = new Map<FunctionName, Statement>();

  return {
    async rpc(name, args) {
      const given: Readonly<Record<string, unknown>> = args;
      let statement = statements.get(name);
      if (statement === undefined) {
        statement = composeStatement(name, Object.keys(given));
        statements.set(name, statement);
      }
      const { text, parameters } = statement;
      const values = parameters.map((parameter) => toParameter(parameter, given[parameter]));
      try {
        return await answerOf(text, values);
      } catch (error: unknown) {
        throw new ServiceUnavailableError({
          dependency: "session_store",
          code: failureCode(error),
        }, { cause: error });
      }
    },
    close: () => pool.end(),
  };
}

interface Statement {
  readonly text: string;
  readonly parameters: readonly string[];
}

/**
 * The database takes the types of the parameters from the function's own. In the select list and not in
 * `from`, where the answer would go through a tuple store first.
 */
function composeStatement(name: FunctionName, parameters: readonly string[]): Statement {
  const given = parameters.map((parameter, index) => `${parameter} => $${index + 1}`);
  return { text: `select to_json(public.${name}(${given.join(", ")})) as answer`, parameters };
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

/** PostgreSQL's code where it answered; the driver gives its own failures no code, only words. */
function failureCode(error: unknown): string {
  if (error instanceof pg.DatabaseError && error.code !== undefined) return error.code;
  return error instanceof Error && /time-?out/i.test(error.message) ? "timeout" : "network";
}
