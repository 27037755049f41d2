/**
 * Makes a failed test tell every error: the runner loads this before each file. Where the end of a test
 * throws after the test itself, Deno prints that something was suppressed, and a line of the test that
 * has passed. It prints the causes of an error.
 *
 * @module
 */

Object.defineProperty(SuppressedError.prototype, "cause", {
  get(this: SuppressedError) {
    return new AggregateError(errorsOf(this), "the test, then what it used, as it was closed");
  },
});

/** The first one first. */
function errorsOf(thrown: unknown): readonly unknown[] {
  if (!(thrown instanceof SuppressedError)) return [thrown];
  return [...errorsOf(thrown.suppressed), ...errorsOf(thrown.error)];
}
