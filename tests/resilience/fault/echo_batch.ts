/**
 * A batch whose calls say what to answer, and what to wait for, in place of a function of ours.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { TestDatabase } from "../../../local/testing/test_server.ts";
import { parseDatabaseUrl } from "../../../supabase/functions/_shared/store/database_address.ts";
import { type Batch, createBatch } from "../../../supabase/functions/_shared/store/batch.ts";
import { takeLane } from "../../../supabase/functions/_shared/store/postgres/lane.ts";
import { createPool } from "../../../supabase/functions/_shared/store/postgres/pool.ts";
import type {
  SharedStatement,
  Statement,
} from "../../../supabase/functions/_shared/store/postgres/statement.ts";

/**
 * Answers each call what it says and the transaction that it ran in, the last call first, once nobody
 * holds the advisory lock of its number. `slow` takes its time; `many rows` fails, and with it the
 * statement.
 */
function echoOf(calls: string): Statement {
  return {
    name: calls,
    text: `
      select
        c.number,
        to_json(array[
          case when pg_advisory_xact_lock_shared(c.lock) is not null then c.said end,
          case when c.said = 'slow' then pg_sleep(0.2)::text end,
          case when c.said = 'many rows' then (select 'row' from generate_series(1, c.number + 1)) end,
          pg_current_xact_id()::text
        ]) as answer
      from ${calls} as c(number, lock, said)
      order by c.number desc`,
    parameters: ["lock", "said"],
  };
}

const ECHO: SharedStatement<EchoArguments> = {
  one: echoOf("(values ($1::integer, $2::integer, $3::text))"),
  many: {
    ...echoOf("unnest($1::integer[], $2::integer[], $3::text[])"),
    valuesOf: (calls) => [
      calls.map(({ number }) => number),
      calls.map(({ args }) => args.lock),
      calls.map(({ args }) => args.said),
    ],
  },
};

export interface EchoBatchOptions {
  readonly port?: number;
  readonly size?: number;
  readonly connectTimeoutMs?: number;
  readonly timeoutMs?: number;
  readonly idleTimeoutMs?: number;
}

interface EchoArguments extends Readonly<Record<string, unknown>> {
  readonly lock: number;
  readonly said: string;
}

type EchoBatch = Batch<EchoArguments>;

export function openBatch(
  database: TestDatabase,
  options: EchoBatchOptions = {},
): EchoBatch & AsyncDisposable {
  const url = new URL(database.url);
  if (options.port !== undefined) url.port = String(options.port);
  const size = options.size ?? 1;
  const pool = createPool({
    address: parseDatabaseUrl(url.href) ?? assert.fail(),
    size,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    statementTimeoutMs: 5_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
  });
  const batch = createBatch<EchoArguments>({
    lanes: size,
    timeoutMs: options.timeoutMs ?? 30_000,
    take: () => takeLane(pool, ECHO),
    callAlone: ({ said }) => Promise.resolve([`${said}, alone`]),
  });
  return { ...batch, [Symbol.asyncDispose]: () => pool.close() };
}

export interface Echo {
  readonly said: unknown;
  readonly transaction: unknown;
}

export async function ask(batch: EchoBatch, said: string, lock = 0): Promise<Echo> {
  const answer = await batch.call({ lock, said });
  if (!Array.isArray(answer)) throw new TypeError(`Not an echo: ${answer}`);
  return { said: answer[0], transaction: answer.at(-1) };
}

export async function echo(batch: EchoBatch, said: string, lock = 0): Promise<unknown> {
  return (await ask(batch, said, lock)).said;
}

export const SAID = Array.from({ length: 50 }, (_, index) => `call ${index}`);

export async function countConnections(database: TestDatabase): Promise<number> {
  const [row] = await database.connect({ max: 1 })`
    select count(*)::integer as count from pg_stat_activity
    where datname = current_database() and application_name = 'unified-auth'`;
  return row?.["count"];
}
