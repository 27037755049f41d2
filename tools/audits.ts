/**
 * The audits of `supabase/audits`: what there is, and running one. No rule of sessions is here: an
 * audit is its SQL.
 *
 * @module
 */

import type postgres from "postgres";
import type { Table } from "./table.ts";

/** One question with the statement that answers it. */
export interface Audit {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly statement: string;
}

const DIRECTORY = new URL("../supabase/audits/", import.meta.url);

const FIRST_LINE = /^-- ([^:\n]+): (.+)$/m;

/** In the order of their names. */
export async function readAudits(directory: URL = DIRECTORY): Promise<readonly Audit[]> {
  const audits: Audit[] = [];
  for await (const { name: file } of Deno.readDir(directory)) {
    if (!file.endsWith(".sql")) continue;
    const statement = await Deno.readTextFile(new URL(file, directory));
    const [, title, question] = FIRST_LINE.exec(statement.slice(0, statement.indexOf("\n"))) ?? [];
    if (title === undefined || question === undefined) {
      throw new TypeError(`${file} must start with a line "-- <title>: <what it answers>"`);
    }
    audits.push({ name: file.slice(0, -".sql".length), title, question, statement });
  }
  return audits.sort((left, right) => left.name.localeCompare(right.name));
}

/** Asks in a transaction that cannot write and cannot run for long. */
export async function runAudit(sql: postgres.Sql, { statement }: Audit): Promise<Table> {
  const result = await sql.begin("read only", async (transaction) => {
    await transaction`set local statement_timeout = '60s'`;
    await transaction`set local search_path = public`;
    await transaction`set local intervalstyle = 'postgres'`;
    return await transaction.unsafe(statement);
  });
  return { columns: result.columns.map(({ name }) => name), rows: [...result] };
}
