/**
 * `/rest/v1`: the part of PostgREST that `supabase.rpc()` uses, faithful in roles, transactions,
 * conversions, bodies and statuses, and a little of its table API. `local/README.md` lists the rest.
 *
 * @module
 */
import { OBJECT, render } from "./answers.ts";
import { argumentsOfBody, argumentsOfQuery } from "./arguments.ts";
import type { CallerOptions } from "../token_signatures.ts";
import { type Caller, identifyCaller } from "./caller.ts";
import { type Catalog, createCatalog } from "./catalog.ts";
import { type Connections, createConnections } from "../postgres/connections.ts";
import { errorResponse, RestFailure, toRestError } from "./errors.ts";
import { chooseRoutine, type Routine } from "./routines.ts";
import { callStatement, settingsOf, type Shape } from "./statements.ts";
import { selectStatement } from "./tables.ts";
import { type Row, runTransaction, type Statement } from "./transactions.ts";

/** PostgREST for one database. */
export interface RestEmulator {
  /** Answers a request whose path starts with `/rest/v1`. Never rejects. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/** The database that the emulator answers for, and its callers. */
export interface RestEmulatorOptions extends CallerOptions {
  /** A URL of the role `authenticator`. */
  readonly databaseUrl: string;
  /** @default {["public"]} */
  readonly schemas?: readonly string[];
  /** @default {10} */
  readonly poolSize?: number;
  /** @default {10_000} */
  readonly acquisitionTimeoutMs?: number;
}

const PREFIX = "/rest/v1";

export function createRestEmulator(options: RestEmulatorOptions): RestEmulator {
  const { databaseUrl, schemas = ["public"], poolSize = 10, acquisitionTimeoutMs = 10_000 } =
    options;
  const connections = createConnections({
    databaseUrl,
    applicationName: "postgrest",
    size: poolSize,
    acquisitionTimeoutMs,
    onChange: () => catalog.forget(),
  });
  const catalog = createCatalog(connections);
  const emulator = { connections, catalog, schemas };

  return {
    async fetch(request) {
      let caller: Caller | undefined;
      try {
        caller = await identifyCaller(request, options);
        return await answer({ ...emulator, request, caller });
      } catch (thrown) {
        if (thrown instanceof Response) return thrown;
        return errorResponse(toRestError(thrown, { isAnonymous: caller?.role === "anon" }));
      }
    },
    close: () => connections.close(),
  };
}

interface Visit {
  readonly request: Request;
  readonly caller: Caller;
  readonly connections: Connections;
  readonly catalog: Catalog;
  readonly schemas: readonly string[];
}

async function answer(visit: Visit): Promise<Response> {
  const path = new URL(visit.request.url).pathname.slice(PREFIX.length);
  const [, routine] = /^\/rpc\/([^/]+)$/.exec(path) ?? [];
  if (routine) return await callRoutine(visit, decodeURIComponent(routine));
  const [, table] = /^\/([^/]+)$/.exec(path) ?? [];
  if (table) return await readTable(visit, decodeURIComponent(table));
  throw new RestFailure({
    status: 404,
    code: "PGRST125",
    message: "Invalid path specified in request URL",
  });
}

async function callRoutine(visit: Visit, name: string): Promise<Response> {
  const { request, catalog } = visit;
  const isRead = isReadMethod(request);
  if (!isRead && request.method !== "POST") {
    throw new RestFailure({
      status: 405,
      code: "PGRST101",
      message: `Cannot use the ${request.method} method on RPC`,
    });
  }
  const schema = chooseSchema(visit, isRead ? "accept-profile" : "content-profile");
  const { body, keys } = isRead ? argumentsOfQuery(request) : await argumentsOfBody(request);
  const routine = chooseRoutine(await catalog.findRoutines(schema, name), { schema, name, keys });

  const wantsObject = acceptsObject(request);
  const shape = shapeOf(routine, wantsObject);
  const { statement_timeout, default_transaction_isolation } = routine.hoisted;
  const row = await transact(visit, {
    schema,
    mode: modeOf({
      isReadOnly: isRead || routine.volatility !== "volatile",
      default_transaction_isolation,
    }),
    settings: statement_timeout === undefined ? {} : { statement_timeout },
    statement: callStatement(routine, { body, keys, shape }),
    mustBeOne: wantsObject && shape !== "nothing",
  });
  return render({ row, request, wantsObject, isVoid: shape === "nothing" });
}

async function readTable(visit: Visit, table: string): Promise<Response> {
  const { request } = visit;
  if (!isReadMethod(request)) {
    throw new RestFailure({
      status: 400,
      code: "PGRST127",
      message: "Feature not implemented",
      details: "The local stand-in for PostgREST only reads tables",
    });
  }
  const schema = chooseSchema(visit, "accept-profile");
  const wantsObject = acceptsObject(request);
  const shape = wantsObject ? "single" : "rows";
  const query = new URL(request.url).searchParams;
  const row = await transact(visit, {
    schema,
    mode: "read only",
    settings: {},
    statement: selectStatement({ schema, table, query, shape }),
    mustBeOne: wantsObject,
  });
  return render({ row, request, wantsObject, isVoid: false });
}

interface Work {
  readonly schema: string;
  readonly mode: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly statement: Statement;
  /** Whether any other number of rows than one rolls back. */
  readonly mustBeOne: boolean;
}

async function transact(visit: Visit, work: Work): Promise<Row> {
  const { request, caller, catalog, connections } = visit;
  const settings = settingsOf({
    caller,
    method: request.method,
    path: new URL(request.url).pathname.slice(PREFIX.length),
    headers: request.headers,
    schema: work.schema,
    settings: { ...await catalog.settingsOf(caller.role), ...work.settings },
  });
  const { mode, statement, mustBeOne } = work;
  return await connections.withConnection((connection) =>
    runTransaction(connection, {
      mode,
      settings,
      statement,
      ...(mustBeOne ? { inspect: isOne } : {}),
    })
  );
}

function isReadMethod({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

function acceptsObject(request: Request): boolean {
  return request.headers.get("accept")?.includes(OBJECT) ?? false;
}

function chooseSchema({ request, schemas }: Visit, header: string): string {
  const schema = request.headers.get(header) ?? schemas[0] ?? "public";
  if (schemas.includes(schema)) return schema;
  throw new RestFailure({
    status: 406,
    code: "PGRST106",
    message: `Invalid schema: ${schema}`,
    hint: `Only the following schemas are exposed: ${schemas.join(", ")}`,
  });
}

function shapeOf(routine: Routine, wantsObject: boolean): Shape {
  if (routine.returns === "void") return "nothing";
  return routine.returnsSet && !wantsObject ? "rows" : "single";
}

function modeOf(
  { isReadOnly, default_transaction_isolation: level }: {
    isReadOnly: boolean;
    default_transaction_isolation: string | undefined;
  },
): string {
  const isolation = level && /^(serializable|repeatable read)$/i.test(level)
    ? level
    : "read committed";
  return `isolation level ${isolation} ${isReadOnly ? "read only" : "read write"}`;
}

function isOne({ rows }: Row): void {
  if (rows === "1") return;
  throw new RestFailure({
    status: 406,
    code: "PGRST116",
    message: "Cannot coerce the result to a single JSON object",
    details: `The result contains ${rows} rows`,
  });
}
