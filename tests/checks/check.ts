/**
 * A check has a name and returns the problems that it finds.
 *
 * @module
 */

export interface Check {
  readonly name: string;
  /** Each problem is a line for people that names the file at fault. */
  run(): Promise<readonly string[]>;
}

/** The project's directory, without a slash at the end. */
export const PROJECT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

export interface CommandResult {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in the project's directory. Its output comes without colours. */
export async function runProgram(
  program: string,
  args: readonly string[],
): Promise<CommandResult> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: PROJECT,
    // The test database has no TLS; without PGSSLMODE the Supabase CLI warns on every run.
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", PGSSLMODE: "disable" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A program's own words as one problem, or none if it succeeded. */
export function problemsOf({ success, stdout, stderr }: CommandResult): readonly string[] {
  return success ? [] : [`${stdout}${stderr}`.trim() || "failed without a word"];
}
