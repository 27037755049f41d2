/**
 * Finds a program that the machine may have: on the path, or where Debian puts PostgreSQL's.
 *
 * @module
 */

import { findProgram as findOnPath } from "../local/find_program.ts";

/** Its path, or `undefined`. */
export async function findProgram(name: string): Promise<string | undefined> {
  const versions = await Array.fromAsync(Deno.readDir("/usr/lib/postgresql")).catch(() => []);
  const newestFirst = versions.map((entry) => entry.name).sort((a, b) => Number(b) - Number(a));
  return await findOnPath(name, newestFirst.map((each) => `/usr/lib/postgresql/${each}/bin`));
}
