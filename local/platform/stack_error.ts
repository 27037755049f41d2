/**
 * The one error that the local stack raises for what a person can put right: a taken port, a damaged
 * data directory, a migration that does not apply. Its message is a whole line that says what to do,
 * so commands print it bare, without a stack.
 *
 * @module
 */

/** Something outside the stack is in its way. `message` says what, and what to do about it. */
export class StackError extends Error {
  override readonly name = "StackError";
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
