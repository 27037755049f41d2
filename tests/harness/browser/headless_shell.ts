/**
 * Chromium's headless shell from npm, unpacked once for each version. Left to itself, its package writes
 * to `/tmp/chromium` without a lock, and then takes whatever is there: another version, or a half of one.
 * A process that starts while another still writes fails with "Text file busy".
 *
 * @module
 */

import sparticuz from "@sparticuz/chromium";
import { openKeptProgram } from "../kept_build.ts";

/** Answers the executable. */
export async function openHeadlessShell(): Promise<string> {
  const manifest = new URL("../package.json", import.meta.resolve("@sparticuz/chromium"));
  const { version } = JSON.parse(await Deno.readTextFile(manifest)) as { readonly version: string };
  const directory = await openKeptProgram({ name: "chromium", version, unpack });
  return `${directory}/chromium`;
}

/** In another process: the package knows no other way to choose the directory than `TMPDIR`. */
async function unpack(directory: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", import.meta.filename ?? ""],
    env: { TMPDIR: directory },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot unpack Chromium: ${new TextDecoder().decode(stderr)}`);
}

if (import.meta.main) await sparticuz.executablePath();
