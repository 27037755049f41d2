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
const MISTAKE_WORDS =
  /\b(undefined|null|is not (an?|defined|iterable)|find variable|execute|construct|credentials)\b/i;

/**
 * Whether the network is to blame, and not the program. In a page any other `TypeError` is the network's: Safari
 * says it in the person's language.
 */
export function isNetworkError(error: unknown, isInPage = false): boolean {
  return error instanceof Error && !MISTAKE_WORDS.test(error.message) &&
    (isInPage && error instanceof TypeError || NETWORK_WORDS.test(error.message));
}
