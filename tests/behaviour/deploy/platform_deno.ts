/**
 * The Deno that the hosted platform's edge runtime is level with, and the project's functions laid out as
 * a release for it: it reads no lock file of today's Deno, and writes another.
 *
 * @module
 */

import assert from "node:assert/strict";
import { cacheFunctions } from "../../../local/platform/function_processes.ts";
import type { Release } from "../../../local/platform/stack.ts";
import { problemsOf, PROJECT, runProgram } from "../../checks/check.ts";

export const PLATFORM_DENO = "2.1.4";

/** The functions of this tree, in a directory that is removed with them. */
export async function openPlatformRelease(): Promise<Release & AsyncDisposable> {
  const projectDirectory = await Deno.makeTempDir({ prefix: "unified-auth-platform-" });
  const remove = () => Deno.remove(projectDirectory, { recursive: true });
  try {
    await Deno.mkdir(`${projectDirectory}/supabase`);
    const copied = await runProgram("cp", [
      "-r",
      `${PROJECT}/supabase/functions`,
      `${projectDirectory}/supabase/functions`,
    ]);
    assert.deepEqual(problemsOf(copied), []);
    const denoPath = await installDeno(projectDirectory);
    const configFile = `${projectDirectory}/supabase/functions/unified-auth/deno.json`;
    const release = { projectDirectory, configFile, denoPath };
    await cacheFunctions(release);
    return { ...release, [Symbol.asyncDispose]: remove };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}

/**
 * By npm, which keeps it, away from this project's lock file. Answers where the program stands: npx
 * itself would pass no signal on.
 */
async function installDeno(cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("npx", {
    args: [
      ...["--yes", `deno@${PLATFORM_DENO}`, "eval"],
      "console.log(JSON.stringify([Deno.version.deno, Deno.execPath()]))",
    ],
    cwd,
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const [version, path]: string[] = JSON.parse(new TextDecoder().decode(stdout));
  assert.equal(version, PLATFORM_DENO);
  return path ?? assert.fail("Deno did not say where it stands");
}
