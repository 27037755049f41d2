/**
 * Runs pgbench, PostgreSQL's own load generator, so many transactions on each connection, and reads the
 * latency of every one of them from its log.
 *
 * @module
 */

import { requirePgbench } from "../find_program.ts";
import { createSamples } from "../load/percentiles.ts";
import type { Percentiles } from "../load/plan.ts";
import type { Statement } from "./statements.ts";

export interface PgbenchRun {
  readonly statement: Statement;
  readonly connections: number;
  readonly perConnection: number;
  /**
   * Transactions a second; a latency then counts from when the transaction was due.
   * @default {as many as the connections can}
   */
  readonly ratePerSecond?: number;
  /** Settings of its connections. @default {none} */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PgbenchResult {
  readonly transactions: number;
  readonly seconds: number;
  /** Of each transaction, in no order. */
  readonly latenciesMs: readonly number[];
}

/** @throws {TypeError} If pgbench is not installed, or a transaction failed */
export async function runPgbench(url: string, run: PgbenchRun): Promise<PgbenchResult> {
  const { statement, connections, perConnection, ratePerSecond, settings = {} } = run;
  const program = await requirePgbench();
  const directory = await Deno.makeTempDir({ prefix: "unified-auth-pgbench-" });
  try {
    await Deno.writeTextFile(`${directory}/script.sql`, statement.script);
    const { success, stderr } = await new Deno.Command(program, {
      args: [
        "--no-vacuum",
        "--protocol=prepared",
        `--client=${connections}`,
        `--jobs=${Math.min(2, connections)}`,
        `--transactions=${perConnection}`,
        ...(ratePerSecond === undefined ? [] : [`--rate=${ratePerSecond}`]),
        "--log",
        `--log-prefix=${directory}/log`,
        `--file=${directory}/script.sql`,
        ...Object.entries(statement.variables).map(([name, value]) => `--define=${name}=${value}`),
        url,
      ],
      env: {
        PGOPTIONS: Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`).join(" "),
      },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    const result = await readLogs(directory);
    if (!success || result.transactions !== connections * perConnection) {
      throw new TypeError(`pgbench failed: ${new TextDecoder().decode(stderr).slice(-2000)}`);
    }
    return result;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A line a transaction: client, number, microseconds, script, when it ended in s and µs. */
async function readLogs(directory: string): Promise<PgbenchResult> {
  const latenciesMs: number[] = [];
  let [firstMs, lastMs] = [Infinity, -Infinity];
  for await (const { name } of Deno.readDir(directory)) {
    if (!name.startsWith("log")) continue;
    for (const line of (await Deno.readTextFile(`${directory}/${name}`)).split("\n")) {
      const [, , us = NaN, , endS = NaN, endUs = NaN] = line.split(" ").map(Number);
      if (line === "") continue;
      const endMs = endS * 1000 + endUs / 1000;
      latenciesMs.push(us / 1000);
      firstMs = Math.min(firstMs, endMs - us / 1000);
      lastMs = Math.max(lastMs, endMs);
    }
  }
  return {
    transactions: latenciesMs.length,
    seconds: (lastMs - firstMs) / 1000,
    latenciesMs,
  };
}

export function percentilesOf(values: readonly number[]): Percentiles {
  const samples = createSamples();
  for (const value of values) samples.add(value);
  return samples.percentiles();
}
