/**
 * PostgreSQL alone: pgbench runs the statements of `pgbench/` over the sessions of the lab.
 *
 * @module
 */

import { findProgram } from "../local/platform/find_program.ts";
import { POLICY } from "./lab.ts";
import type { Load } from "./load.ts";

const SCRIPTS = ["select", "validate", "rotate"] as const;
const CLIENTS = 16;

/** Nothing where pgbench is not installed. @throws {TypeError} If a transaction failed */
export async function runPgbench(
  databaseUrl: string,
  { seconds, amount }: Pick<Load, "seconds" | "amount">,
): Promise<readonly { readonly name: string; readonly perSecond: number }[]> {
  const program = await findProgram("pgbench");
  if (!program) return [];
  const results = [];
  for (const name of SCRIPTS) {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args: [
        `--client=${CLIENTS}`,
        amount === undefined ? `--time=${seconds}` : `--transactions=${amount}`,
        `--file=${new URL(`pgbench/${name}.sql`, import.meta.url).pathname}`,
        `--define=policy=${POLICY}`,
        "--protocol=prepared",
        "--no-vacuum",
        databaseUrl,
      ],
      stdin: "null",
    }).output();
    const said = new TextDecoder().decode(stdout);
    const perSecond = Number(/tps = ([\d.]+) \(without/.exec(said)?.[1]);
    if (!success || !perSecond || !/failed transactions: 0 /.test(said)) {
      throw new TypeError(`Cannot use pgbench: ${said}${new TextDecoder().decode(stderr)}`);
    }
    results.push({ name, perSecond });
  }
  return results;
}
