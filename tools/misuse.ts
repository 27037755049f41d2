/**
 * Command lines that cannot be understood, or that lack something: said in one line, exit code 2.
 *
 * @module
 */

/** A mistake that the person who typed the command can put right. */
export class Misuse extends Error {
  override readonly name = "Misuse";
}

/** Runs a command to its exit code. A `Misuse` is said in one line, without a stack. */
export async function runTool(
  tool: string,
  command: (args: readonly string[]) => Promise<number>,
): Promise<never> {
  try {
    Deno.exit(await command(Deno.args));
  } catch (thrown: unknown) {
    if (!(thrown instanceof Misuse) && !isArgumentError(thrown)) throw thrown;
    console.error(`${tool}: ${thrown.message}`);
    Deno.exit(2);
  }
}

/** The errors of `parseArgs` of `node:util` for an unknown option or a missing value. */
function isArgumentError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && "code" in thrown &&
    String(thrown.code).startsWith("ERR_PARSE_ARGS_");
}
