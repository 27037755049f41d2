/**
 * Calls the SQL functions straight on a database connection: arguments and answers are the JSON that
 * the data API would carry.
 *
 * @module
 */

import type postgres from "postgres";
import type { CallSqlFunction } from "../../../supabase/functions/_shared/store/sql_functions.ts";

/** @param sql of a role that may execute the functions */
export function createSqlFunctions(sql: postgres.Sql): CallSqlFunction {
  const statements = new Map<string, string>();

  return async function callFunction(name, args) {
    const statement = statements.get(name) ?? await composeCall(sql, name);
    statements.set(name, statement);
    const [row] = await sql.unsafe(statement, [JSON.stringify(args)], { prepare: true });
    return row?.["answer"];
  };
}

/** The database itself converts each argument from JSON to the type of its parameter. */
async function composeCall(sql: postgres.Sql, name: string): Promise<string> {
  const parameters = await sql<{ name: string; type: string }[]>`
    select p.proargnames[i] as name, format_type(p.proargtypes[i - 1], null) as type
    from pg_proc as p, generate_series(1, p.pronargs) as i
    where p.oid = to_regproc(${`public.${name}`})
    order by i
  `;
  if (parameters.length === 0) throw new TypeError(`Cannot call a function of the name: ${name}`);
  return `
    select to_json(answer) as answer
    from json_to_record($1::text::json)
      as given (${parameters.map((parameter) => `${parameter.name} ${parameter.type}`).join(", ")}),
    lateral public.${name}(${
    parameters.map((parameter) => `${parameter.name} => given.${parameter.name}`).join(", ")
  }) as answer`;
}
