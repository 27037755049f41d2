/**
 * The store's one seam, `DatabaseRpc`, straight over a PostgreSQL connection: arguments go in as one
 * JSON object and come out as JSON, as at the data API, without HTTP between.
 *
 * @module
 */

import type postgres from "postgres";
import type { DatabaseRpc, FunctionName } from "../../supabase/functions/_shared/database_rpc.ts";

/** One call that was made, with what the database itself said of it. */
export interface ObservedCall {
  readonly name: FunctionName;
  readonly outcome: string;
  /** The database's clock, in microseconds since 1970; null where the function does not tell. */
  readonly serverTime: number | null;
}

export interface SqlRpc {
  readonly rpc: DatabaseRpc;
  /** The calls since the last time that this was asked. */
  takeCalls(): readonly ObservedCall[];
}

export async function createSqlRpc(sql: postgres.Sql): Promise<SqlRpc> {
  const statements = await readStatements(sql);
  let calls: ObservedCall[] = [];
  return {
    async rpc(name, args) {
      const [row] = await sql.unsafe(statements.get(name) ?? "", [JSON.stringify(args)], {
        prepare: true,
      });
      const answer: unknown = row?.["answer"];
      calls.push({ name, ...readAnswer(answer) });
      return answer;
    },
    takeCalls() {
      const taken = calls;
      calls = [];
      return taken;
    },
  };
}

async function readStatements(sql: postgres.Sql): Promise<ReadonlyMap<string, string>> {
  const rows = await sql<{ name: string; columns: string; args: string }[]>`
    select
      p.proname as name,
      string_agg(format('%I %s', a.name, format_type(t.oid, null)), ', ' order by a.place) as columns,
      string_agg(format('%I => given.%I', a.name, a.name), ', ' order by a.place) as args
    from pg_proc as p
    cross join unnest(p.proargtypes::oid[], p.proargnames[1:p.pronargs])
      with ordinality as a (type, name, place)
    join pg_type as t on t.oid = a.type
    where p.pronamespace = 'public'::regnamespace
    group by p.oid`;
  return new Map(rows.map(({ name, columns, args }) => [
    name,
    `select to_json(answer) as answer
     from json_to_record($1::text::json) as given (${columns}),
     lateral public.${name}(${args}) as answer`,
  ]));
}

function readAnswer(answer: unknown): Omit<ObservedCall, "name"> {
  if (typeof answer !== "object" || answer === null) return { outcome: "", serverTime: null };
  const { outcome, server_time: time } = answer as Record<string, unknown>;
  return {
    outcome: typeof outcome === "string" ? outcome : "",
    serverTime: typeof time === "string" ? readMicros(time) : null,
  };
}

/** `2026-11-24T05:10:20.123456+00:00`, of which a `Date` would lose the last three digits. */
export function readMicros(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
  const wholeSeconds = Date.parse(time.replace(/\.\d+/, ""));
  return wholeSeconds * 1000 + Number(fraction.padEnd(6, "0"));
}
