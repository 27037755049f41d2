/**
 * The functions, migrations and seed of the last release, as `deno task release` packed them: what an
 * upgrade begins with. In the tree, because a clone may be shallow and without tags.
 *
 * @module
 */

import { cacheFunctions } from "../../../local/platform/function_processes.ts";
import type { Release } from "../../../local/platform/stack.ts";
import { LAST_RELEASE } from "../../../tools/release_archive.ts";
import { problemsOf, PROJECT, runProgram } from "../../checks/check.ts";

/** The release, laid out in a directory that is removed with it. */
export async function openLastRelease(): Promise<Release & AsyncDisposable> {
  const projectDirectory = await Deno.makeTempDir({ prefix: "unified-auth-release-" });
  const remove = () => Deno.remove(projectDirectory, { recursive: true });
  const [problem] = problemsOf(
    await runProgram("tar", ["-xzf", `${PROJECT}/${LAST_RELEASE}`, "-C", projectDirectory]),
  );
  if (problem !== undefined) {
    await remove();
    throw new TypeError(`Cannot unpack the last release: ${problem}`);
  }
  const configFile = `${projectDirectory}/supabase/functions/unified-auth/deno.json`;
  await cacheFunctions({ projectDirectory, configFile });
  return { projectDirectory, configFile, [Symbol.asyncDispose]: remove };
}
