/**
 * The SQL of a request: the settings its transaction begins with, and the call. Pure text; nothing
 * here touches a database.
 *
 * @module
 */
import type { Caller } from "./caller.ts";
import type { Statement } from "./transactions.ts";
import { type Routine, takesWholeBody } from "./routines.ts";

/** The parts of a request that become settings of its transaction. */
export interface RequestContext {
  readonly caller: Caller;
  readonly method: string;
  /** Without `/rest/v1`. */
  readonly path: string;
  readonly headers: Headers;
  readonly schema: string;
  /** Of the role and of the function. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The settings that a transaction begins with, in the order in which they are set. */
export function settingsOf(context: RequestContext): Readonly<Record<string, string>> {
  const { caller, method, path, headers, schema, settings } = context;
  const { cookie = "", ...others } = Object.fromEntries(headers);
  return {
    search_path: [...new Set([schema, "public", "extensions"])].map(quote).join(", "),
    ...settings,
    role: caller.role,
    "request.jwt.claims": JSON.stringify(caller.claims),
    "request.method": method,
    "request.path": path,
    "request.headers": JSON.stringify(others),
    "request.cookies": JSON.stringify(parseCookies(cookie)),
  };
}

function parseCookies(header: string): Record<string, string> {
  const pairs = header.split(";").map((pair) => pair.trim().split("="));
  return Object.fromEntries(
    pairs.filter(([name]) => name).map(([name, ...value]) => [name, value.join("=")]),
  );
}

/** More rows than this are not returned, as in `[api] max_rows`. */
const MAX_ROWS = 1000;

/** The rows that the caller wants: all of them, exactly one, or none. */
export type Shape = "rows" | "single" | "nothing";

/**
 * Calls a function with arguments by name, each converted by the database from the JSON of the body
 * to the type of its parameter, and returns the answer as JSON text in one row.
 */
export function callStatement(
  routine: Routine,
  { body, keys, shape }: {
    readonly body: string;
    readonly keys: readonly string[];
    readonly shape: Shape;
  },
): Statement {
  const isRow = routine.returns === "row";
  const rows = `
    select ${isRow ? "result.*" : "result.value"}
    from (select $1::text::json as body) as payload,
    ${callSource(routine, keys)} as ${isRow ? "result" : "result (value)"}
    limit ${MAX_ROWS}`;
  return { text: resultStatement(rows, { isRow, shape }), parameters: [body] };
}

function callSource(routine: Routine, keys: readonly string[]): string {
  const target = `${quote(routine.schema)}.${quote(routine.name)}`;
  if (takesWholeBody(routine)) {
    return `lateral ${target}(payload.body::${routine.parameters[0]?.type})`;
  }
  const given = routine.parameters.filter(({ name }) => keys.includes(name));
  if (given.length === 0) return `lateral ${target}()`;
  const columns = given.map(({ name, type }) => `${quote(name)} ${type}`);
  const values = given.map(({ name, variadic }) =>
    `${variadic ? "variadic " : ""}${quote(name)} := argument.${quote(name)}`
  );
  return `lateral (
      select * from json_to_record(payload.body) as record (${columns.join(", ")})
    ) as argument,
    lateral ${target}(${values.join(", ")})`;
}

/** Wraps a query so that its rows come back as one JSON text, beside their number. */
export function resultStatement(
  rows: string,
  { isRow, shape }: { readonly isRow: boolean; readonly shape: Shape },
): string {
  const value = isRow ? "answer" : "answer.value";
  return `
  select
    ${bodyOf(shape, value)} as body,
    count(*)::text as rows,
    nullif(current_setting('response.headers', true), '') as headers,
    nullif(current_setting('response.status', true), '') as status
  from (${rows}) as answer`;
}

function bodyOf(shape: Shape, value: string): string {
  switch (shape) {
    case "rows":
      return `coalesce(json_agg(${value}), '[]')::text`;
    case "single":
      return `coalesce(json_agg(${value}) -> 0, 'null')::text`;
    case "nothing":
      return "null";
    default:
      return shape satisfies never;
  }
}

/** An identifier, quoted. */
export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
