/**
 * What a cold start does not wait for: loaded with the first call that needs it, and kept.
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
