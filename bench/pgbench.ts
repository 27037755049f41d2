/**
 * PostgreSQL alone: pgbench runs the statements of `pgbench/` over the sessions of the lab.
 *
 * @module
 */

import { findProgram } from "../local/platform/find_program.ts";
import { runProgram } from "../tests/checks/check.ts";
import { POLICY } from "./lab.ts";
import type { Load } from "./load.ts";

const SCRIPTS = ["select", "validate", "rotate"] as const;
const CLIENTS = 16;

/** Nothing where pgbench is not installed. @throws {TypeError} If a transaction failed */
export async function runPgbench(
  databaseUrl: string,
  { duration, amount }: Pick<Load, "duration" | "amount">,
): Promise<readonly { readonly name: string; readonly perSecond: number }[]> {
  const program = await findProgram("pgbench");
  if (!program) return [];
  const results = [];
  for (const name of SCRIPTS) {
    const { success, stdout, stderr } = await runProgram(program, [
      `--client=${CLIENTS}`,
      amount === undefined ? `--time=${duration}` : `--transactions=${amount}`,
      `--file=bench/pgbench/${name}.sql`,
      `--define=policy=${POLICY}`,
      "--protocol=prepared",
      "--no-vacuum",
      databaseUrl,
    ]);
    const perSecond = Number(/tps = ([\d.]+) \(without/.exec(stdout)?.[1]);
    if (!success || !perSecond || !stdout.includes("failed transactions: 0 ")) {
      throw new TypeError(`Cannot use pgbench: ${stdout}${stderr}`);
    }
    results.push({ name, perSecond });
  }
  return results;
}
