/**
 * The last known answers of reads, so that a page has something to show while it is offline or its
 * session has ended. Kept apart by user, and emptied when somebody signs out or another user comes.
 *
 * @module
 */

import type { SessionUser } from "./transport/outcome.ts";
import type { SessionEnvironment } from "./environment.ts";
import type { AuthClient } from "./auth_client.ts";

/**
 * Options of {@linkcode createReadCache}.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 * import { createReadCache } from "@unified-auth/client/cache";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const cache = createReadCache(auth, { maxEntries: 20 });
 * const { value, cachedAt } = await cache.read("things", async () => {
 *   const response = await auth.fetch("/api/things");
 *   return await response.json() as readonly string[];
 * });
 * console.log(value, cachedAt === null ? "fresh" : "as of", cachedAt);
 * ```
 */
export interface ReadCacheOptions {
  /** Where answers are kept. @default {globalThis.localStorage} */
  readonly storage?:
    | NonNullable<SessionEnvironment["storage"]> & { removeItem(key: string): void }
    | undefined;
  /** Under which name. @default {"session-reads:v1"} */
  readonly storageKey?: string | undefined;
  /** How many answers are kept; the oldest goes first. @default {50} */
  readonly maxEntries?: number | undefined;
}

/**
 * A cache of reads.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 * import { createReadCache } from "@unified-auth/client/cache";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const cache = createReadCache(auth, { maxEntries: 20 });
 * const { value, cachedAt } = await cache.read("things", async () => {
 *   const response = await auth.fetch("/api/things");
 *   return await response.json() as readonly string[];
 * });
 * console.log(value, cachedAt === null ? "fresh" : "as of", cachedAt);
 * ```
 */
export interface ReadCache {
  /**
   * The value that `load` resolves with, which is kept; or, when it rejects, the value kept before, with the
   * moment at which it was. Values must survive JSON.
   *
   * @throws Whatever `load` rejected with, if nothing is kept.
   */
  read<T>(
    key: string,
    load: () => Promise<T>,
  ): Promise<{ readonly value: T; readonly cachedAt: number | null }>;
  /** Stops to follow the session. */
  dispose(): void;
}

interface Kept {
  readonly userId: string;
  readonly entries: readonly (readonly [key: string, at: number, value: unknown])[];
}

/**
 * Makes a cache that follows who is signed in.
 *
 * @throws {RangeError} If `maxEntries` is no positive integer.
 *
 * @example
 * ```ts
 * import { createAuthClient } from "@unified-auth/client";
 * import { createReadCache } from "@unified-auth/client/cache";
 *
 * const auth = createAuthClient({ baseUrl: "/functions/v1/unified-auth" });
 * const cache = createReadCache(auth, { maxEntries: 20 });
 * const { value, cachedAt } = await cache.read("things", async () => {
 *   const response = await auth.fetch("/api/things");
 *   return await response.json() as readonly string[];
 * });
 * console.log(value, cachedAt === null ? "fresh" : "as of", cachedAt);
 * ```
 */
export function createReadCache<U extends SessionUser>(
  auth: Pick<AuthClient<U>, "on" | "user">,
  { storage, storageKey = "session-reads:v1", maxEntries = 50 }: ReadCacheOptions = {},
): ReadCache {
  if (!(Number.isInteger(maxEntries) && maxEntries > 0)) {
    throw new RangeError(
      `Cannot create a cache as 'maxEntries' is no positive integer: current value is ${maxEntries}`,
    );
  }
  const userId = (): string | undefined => auth.user?.id;

  /** Storage may be full, blocked, or absent: a cache that cannot keep is still a way to read. */
  function attempt<T>(use: (store: NonNullable<typeof storage>) => T): T | undefined {
    try {
      return use(storage ?? globalThis.localStorage);
    } catch {
      return undefined;
    }
  }

  function entries(): Kept["entries"] {
    const kept = attempt((store) => JSON.parse(store.getItem(storageKey) ?? "null") as Kept | null);
    const isOurs = kept && kept.userId === userId() && Array.isArray(kept.entries);
    return isOurs ? kept.entries.filter(Array.isArray) as unknown as Kept["entries"] : [];
  }

  function keep(key: string, value: unknown): void {
    const others = entries().filter(([name]) => name !== key).slice(1 - maxEntries);
    const kept = { userId: userId(), entries: [...others, [key, Date.now(), value]] };
    attempt((store) => store.setItem(storageKey, JSON.stringify(kept)));
  }

  const empty = (): void => attempt((store) => store.removeItem(storageKey));
  const stops = [auth.on("signed-out", empty), auth.on("user-changed", empty)];

  return {
    async read<T>(key: string, load: () => Promise<T>) {
      const owner = userId();
      try {
        const value = await load();
        if (owner && owner === userId()) keep(key, value);
        return { value, cachedAt: null };
      } catch (error) {
        const found = owner === userId() ? entries().find(([name]) => name === key) : undefined;
        if (!found) throw error;
        return { value: found[2] as T, cachedAt: found[1] };
      }
    },
    dispose: () => stops.forEach((stop) => stop()),
  };
}
