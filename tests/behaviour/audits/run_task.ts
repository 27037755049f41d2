/**
 * Runs a command of `tools/` as a person would, in a separate process.
 *
 * @module
 */

/** The result of a finished command. */
export interface TaskResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runTask(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<TaskResult> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", script, ...args],
    cwd: new URL("../../..", import.meta.url).pathname,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
