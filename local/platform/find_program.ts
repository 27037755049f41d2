/**
 * Finds a program that the machine may have.
 *
 * @module
 */

/** Servers are not on everybody's path. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin"];

/**
 * Its path, or `undefined`.
 *
 * @param first folders to look in before the path's. @default {none}
 */
export async function findProgram(
  name: string,
  first: readonly string[] = [],
): Promise<string | undefined> {
  const path = (Deno.env.get("PATH") ?? "").split(":");
  for (const folder of [...first, ...path, ...SYSTEM_FOLDERS]) {
    const file = `${folder}/${name}`;
    if (await Deno.stat(file).then(({ isFile }) => isFile, () => false)) return file;
  }
  return undefined;
}
