/**
 * Waiting that can be given up. It must not know what is waited for.
 *
 * @module
 */

/** As `work`, but rejects at once when `signal` aborts; the work itself goes on. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Not `throwIfAborted`, which Safari before 15.4 and Chrome before 100 lack.
  if (signal.aborted) throw signal.reason;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener("abort", onAbort);
  }
}
