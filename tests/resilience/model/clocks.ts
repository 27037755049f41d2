/**
 * Two ways to let time pass for the sessions of one user. Under the running clock their rows are moved
 * into the past, and the database's own clock judges them. Under the held clock the functions of a
 * scratch database read a setting where they would read `clock_timestamp()`, so that the very
 * microsecond of a limit can be met. Model time is the database's time plus what was aged away.
 *
 * @module
 */

import type postgres from "postgres";
import { ageSessionsOfUser } from "../../../local/testing/aging.ts";
import { SECOND } from "./rotation_model.ts";

export interface Clock {
  readonly sql: postgres.Sql;
  /** Model time minus the database's time, in microseconds. */
  readonly aged: number;
  /** The clock of the process that serves, in the database's time. */
  processNowMs(): number;
  advance(userId: string, seconds: number): Promise<void>;
}

export function createRunningClock(sql: postgres.Sql): Clock {
  let aged = 0;
  return {
    sql,
    get aged() {
      return aged;
    },
    processNowMs: Date.now,
    async advance(userId, seconds) {
      aged += Math.round(seconds * SECOND);
      await ageSessionsOfUser(sql, userId, seconds);
    },
  };
}

const START_MS = Date.UTC(2030, 0, 1);

/** For a database whose functions were given to {@linkcode holdClock}. */
export async function createHeldClock(sql: postgres.Sql): Promise<Clock> {
  let nowMs = START_MS;
  const set = () =>
    sql`select set_config('unified_auth.held_clock', ${new Date(nowMs).toISOString()}, false)`;
  await set();
  return {
    sql,
    aged: 0,
    processNowMs: () => nowMs,
    async advance(_userId, seconds) {
      nowMs += Math.round(seconds * 1000);
      await set();
    },
  };
}

/** Lets every function of a scratch database read the held clock. Nothing else of them changes. */
export async function holdClock(sql: postgres.Sql): Promise<void> {
  await sql`
    create function unified_auth.held_clock() returns timestamptz
    language sql volatile set search_path = ''
    as $$ select current_setting('unified_auth.held_clock')::timestamptz $$`;
  const functions = await sql<{ definition: string }[]>`
    select pg_get_functiondef(p.oid) as definition
    from pg_proc as p
    where p.pronamespace in ('public'::regnamespace, 'unified_auth'::regnamespace)
      and p.prosrc like '%clock_timestamp()%'`;
  for (const { definition } of functions) {
    await sql.unsafe(definition.replaceAll("clock_timestamp()", "unified_auth.held_clock()"));
  }
}
