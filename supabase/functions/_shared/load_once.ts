/**
 * Loads a module with the first call that needs it, and keeps it, so that no cold start waits for it.
 *
 * @module
 */

/** A load that fails is tried again at the next call. */
export function loadOnce<Loaded>(load: () => Promise<Loaded>): () => Promise<Loaded> {
  let loading: Promise<Loaded> | undefined;
  return () => {
    loading ??= load().catch((thrown: unknown) => {
      loading = undefined;
      throw thrown;
    });
    return loading;
  };
}
