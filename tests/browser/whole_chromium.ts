/**
 * A whole Chromium, where this machine has one. The headless shell from npm, which every other test
 * drives, is Chromium without its tabs, and without what a browser decides about them: it has no
 * back/forward cache.
 *
 * @module
 */

/** The program's path; null where none is on the PATH. */
export async function findChromium(): Promise<string | null> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = `${folder}/chromium`;
    const found = await Deno.stat(path).catch(() => null);
    if (found?.isFile) return path;
  }
  return null;
}
