/**
 * What one operation costs, out of the figures of a run.
 *
 * @module
 */

import { sizeNames } from "../growth/growth_of.ts";
import { medians, type Results } from "../results.ts";

/** Costs of the three things that the database does all day. */
export interface OperationCosts {
  readonly databaseCpuUs: number;
  /** Of one alone on its connection. */
  readonly databaseMs: number;
}

/**
 * CPU microseconds of the function itself, with the default store and an ES256 key. Of a validate whose
 * token its process has never met: whether an instance meets the same browser again is the platform's.
 */
export interface FunctionCpuUs {
  readonly validate: number;
  readonly refresh: number;
  /** A validate that refreshes. */
  readonly autoRefresh: number;
  readonly login: number;
}

export interface Measured {
  readonly readingValidate: OperationCosts;
  readonly writingValidate: OperationCosts & { readonly walBytes: number };
  /** When the page was changed before since the last checkpoint. */
  readonly refresh: OperationCosts & { readonly walBytes: number };
  /** One whole page in the WAL, uncompressed and as `wal_compression = pglz` leaves it. */
  readonly fullPageBytes: number;
  readonly compressedFullPageBytes: number;
  readonly functionCpuUs: FunctionCpuUs;
  /** With indexes. */
  readonly sessionBytes: number;
  readonly sessionsAPage: number;
  readonly eventBytes: number;
  readonly purgedSessionsPerSecond: number;
}

/** @throws {TypeError} If the run did not measure it: a figure that is missing is none */
export function readMeasured(results: Results): Measured {
  const figures = medians(results);
  const read = (row: string, metric: string): number => {
    const value = figures[row]?.[metric];
    if (value === undefined || !Number.isFinite(value)) {
      throw new TypeError(`Cannot reckon: ${row} has no ${metric}`);
    }
    return value;
  };
  const sizes = sizeNames(figures);
  const [small = "", large = ""] = [sizes[0], sizes.at(-1)];

  const costs = (operation: string): OperationCosts => ({
    databaseCpuUs: read(`growth/${operation}/${large}/pgbench/c16`, "databaseCpuUs"),
    databaseMs: read(`growth/${operation}/${large}/pgbench/c1`, "p50Ms"),
  });
  const functionCpuUs = (operation: string): number =>
    read(`ours/rpc/ES256/p1/${operation}/c16`, "serverCpuUs");
  const fullPage = (compression: string): number => {
    const row = `growth/wal/after-checkpoint/${compression}`;
    const withoutPages = read("growth/rotations", "walBytes");
    return (read(row, "walBytes") - withoutPages) / read(row, "fullPageImages");
  };
  const size = `growth/size/${large}`;
  return {
    readingValidate: costs("validate"),
    writingValidate: {
      ...costs("validate-writing"),
      walBytes: read(`growth/validate-writing/${small}/pgbench/c16`, "walBytes"),
    },
    refresh: { ...costs("refresh"), walBytes: read("growth/rotations", "walBytes") },
    fullPageBytes: fullPage("off"),
    compressedFullPageBytes: fullPage("pglz"),
    functionCpuUs: {
      validate: functionCpuUs("first-validate"),
      refresh: functionCpuUs("refresh"),
      autoRefresh: functionCpuUs("auto-refresh"),
      login: functionCpuUs("login"),
    },
    sessionBytes: (read(size, "tableBytes") + read(size, "indexBytes")) / read(size, "sessions"),
    sessionsAPage: 8192 * read(size, "sessions") / read(size, "tableBytes"),
    eventBytes: read("growth/rotations", "eventBytes"),
    purgedSessionsPerSecond: read("growth/purge", "sessions") / read("growth/purge", "seconds"),
  };
}
