/**
 * Packs what a release installs into a project, for the test that upgrades from the last release.
 *
 * @module
 */

/** From the project's directory. Written by `deno task release` alone. */
export const LAST_RELEASE = "tests/behaviour/deploy/last_release.tar.gz";

const INSTALLED = ["supabase/functions", "supabase/migrations", "supabase/seed.sql"];

/** The arguments of `git` that pack a commit. */
export function archiveArguments(commit: string): readonly string[] {
  return ["archive", "--format=tar.gz", `--output=${LAST_RELEASE}`, commit, ...INSTALLED];
}
