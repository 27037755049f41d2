/**
 * What a piece of work costs the database beside time: WAL, full pages in it, and CPU.
 *
 * @module
 */

import type postgres from "postgres";
import { readFamilyCpuMs } from "../process_cpu.ts";

export interface DatabaseCosts {
  readonly walBytes: number;
  /** Whole pages that went into the WAL, because a checkpoint came before their first change. */
  readonly fullPageImages: number;
  readonly cpuMs: number;
}

/** @param admin a superuser's client of the server whose postmaster is `pid` */
export async function withCosts<Result>(
  { admin, pid }: { readonly admin: postgres.Sql; readonly pid: number },
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly costs: DatabaseCosts }> {
  const before = await read(admin, pid);
  const result = await work();
  const after = await read(admin, pid);
  return {
    result,
    costs: {
      walBytes: after.walBytes - before.walBytes,
      fullPageImages: after.fullPageImages - before.fullPageImages,
      cpuMs: after.cpuMs - before.cpuMs,
    },
  };
}

async function read(admin: postgres.Sql, pid: number): Promise<DatabaseCosts> {
  await admin`select pg_stat_force_next_flush()`;
  const [row] = await admin<{ wal_bytes: number; full_page_images: number }[]>`
    select (pg_current_wal_insert_lsn() - '0/0')::float8 as wal_bytes,
      wal_fpi::float8 as full_page_images
    from pg_stat_wal`;
  if (row === undefined) throw new TypeError("pg_stat_wal answered no row");
  return {
    walBytes: row.wal_bytes,
    fullPageImages: row.full_page_images,
    cpuMs: readFamilyCpuMs(pid),
  };
}
