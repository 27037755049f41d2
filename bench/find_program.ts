/**
 * Finds a program that the machine may have: on the path, or where Debian puts PostgreSQL's.
 *
 * @module
 */

/** Its path, or `undefined`. */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const versions = await Array.fromAsync(Deno.readDir("/usr/lib/postgresql")).catch(() => []);
  const newestFirst = versions.map((entry) => entry.name).sort((a, b) => Number(b) - Number(a));
  const places = [...newestFirst.map((each) => `/usr/lib/postgresql/${each}/bin`), ...folders];
  for (const folder of places) {
    const path = `${folder}/${name}`;
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  return undefined;
}
