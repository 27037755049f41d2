/**
 * Common to the commands: lines on stdout, and one line instead of a stack for a problem that a person
 * can put right.
 *
 * @module
 */
import { StackError } from "./platform/stack_error.ts";

/** Writes one line, or several. */
export function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** Runs a command to its end and exits: 0, or 1 after saying what was in its way. */
export async function runCommand(command: () => Promise<void>): Promise<never> {
  try {
    await command();
    Deno.exit(0);
  } catch (thrown) {
    if (!(thrown instanceof StackError)) throw thrown;
    Deno.stderr.writeSync(new TextEncoder().encode(`${thrown.message}\n`));
    Deno.exit(1);
  }
}
