/**
 * Finds a program that the machine may have: on the path, or where Debian puts PostgreSQL's.
 *
 * @module
 */

import { findProgram as findOnPath } from "../local/find_program.ts";

/** pgbench's path. @throws {TypeError} If it is not installed */
export async function requirePgbench(): Promise<string> {
  const program = await findProgram("pgbench");
  if (program !== undefined) return program;
  throw new TypeError("pgbench is not installed (Debian: postgresql)");
}

/** Its path, or `undefined`. */
export async function findProgram(name: string): Promise<string | undefined> {
  const versions = await Array.fromAsync(Deno.readDir("/usr/lib/postgresql")).catch(() => []);
  const newestFirst = versions.map((entry) => entry.name).sort((a, b) => Number(b) - Number(a));
  return await findOnPath(name, newestFirst.map((each) => `/usr/lib/postgresql/${each}/bin`));
}
