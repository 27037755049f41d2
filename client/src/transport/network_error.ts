/**
 * Which errors of `fetch` the network causes. Runtimes agree on nothing but that there is a message, and
 * throw the same classes for a request that can never be made.
 *
 * @module
 */

/** By what Chromium, Firefox, Safari, undici, Deno, Bun, workerd, React Native, Expo and Electron say. */
const NETWORK_WORDS =
  /fetch failed|failed to fetch|network|load failed|connect|sending request|terminated|socket|offline|resolve host|hostname|ENOTFOUND|timed? ?out|net::|internal error; ref/i;

/** Engines' words for a mistake in a program, which may name a `connection` or a `socket` too. */
const MISTAKE_WORDS = /\b(undefined|null|not an? (function|object)|not defined|find variable)\b/i;

/** Whether the network is to blame, and not the program. */
export function isNetworkError(error: unknown): boolean {
  return error instanceof Error && NETWORK_WORDS.test(error.message) &&
    !MISTAKE_WORDS.test(error.message);
}
