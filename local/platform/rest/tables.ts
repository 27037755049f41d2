/**
 * The little of PostgREST's table API that shows row level security at work: `GET /<table>` with plain
 * columns in `select`, filters with `eq`, and `limit`. Everything else is answered as not implemented.
 *
 * @module
 */
import type { Statement } from "./transactions.ts";
import { RestFailure } from "./errors.ts";
import { quote, resultStatement, type Shape } from "./statements.ts";

/** The query of `GET /<table>?…`. @throws {RestFailure} for what is not implemented. */
export function selectStatement(
  { schema, table, query, shape }: {
    readonly schema: string;
    readonly table: string;
    readonly query: URLSearchParams;
    readonly shape: Shape;
  },
): Statement {
  const parameters: string[] = [];
  const conditions: string[] = [];
  let columns = "*";
  let limit = MAX_ROWS;

  for (const [name, value] of query) {
    if (name === "apikey") continue;
    if (name === "select") columns = columnList(value);
    else if (name === "limit") limit = Math.min(MAX_ROWS, wholeNumber(value));
    else if (value.startsWith("eq.")) {
      parameters.push(value.slice("eq.".length));
      conditions.push(`source.${quote(name)}::text = $${parameters.length}`);
    } else throw notImplemented(`the filter ${name}=${value}`);
  }

  const rows = `
    select ${columns} from ${quote(schema)}.${quote(table)} as source
    ${conditions.length > 0 ? `where ${conditions.join(" and ")}` : ""}
    limit ${limit}`;
  return { text: resultStatement(rows, { isRow: true, shape }), parameters };
}

const MAX_ROWS = 1000;

function columnList(select: string): string {
  if (select === "" || select === "*") return "*";
  const names = select.split(",").map((name) => name.trim());
  const unusual = names.find((name) => !/^\w+$/.test(name));
  if (unusual !== undefined) throw notImplemented(`select=${unusual}`);
  return names.map((name) => `source.${quote(name)}`).join(", ");
}

function wholeNumber(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw notImplemented(`limit=${value}`);
}

function notImplemented(what: string): RestFailure {
  return new RestFailure({
    status: 400,
    code: "PGRST127",
    message: "Feature not implemented",
    details: `The local stand-in for PostgREST does not know ${what}`,
  });
}
