/**
 * The one value that IndexedDB keeps for this origin: the pair of keys.
 *
 * Each call opens the database, runs one transaction and closes it again. A connection that stays open
 * blocks other tabs while its page is frozen, evicts pages from the back/forward cache, and is the
 * handle that iOS kills.
 *
 * @module
 */

import { refuseAborted } from "../environment.ts";

/** Used for nothing else. Another layout is another name, never another version. */
const DATABASE = "unified-auth-key";
/** Forever. A raised version hangs old tabs without any event, and breaks a deploy that is rolled back. */
const VERSION = 1;
const STORE = "keys";
const KEY = "session";

/** Rejects when IndexedDB throws or fails. After `signal` aborts, nothing more is written. */
export interface KeyDatabase {
  /** The stored value; `undefined` only if the read completed and there is none. */
  read(signal: AbortSignal): Promise<unknown>;
  /** Stores `value` unless there is one already, in one transaction of which the tabs see all or nothing. */
  addIfAbsent(value: unknown, signal: AbortSignal): Promise<void>;
  remove(): Promise<void>;
}

export function createKeyDatabase(indexedDB: IDBFactory): KeyDatabase {
  return {
    async read(signal) {
      let found: IDBRequest | undefined;
      await transact(indexedDB, "readonly", signal, (store) => found = store.get(KEY));
      return found?.result;
    },
    addIfAbsent: (value, signal) =>
      transact(indexedDB, "readwrite", signal, (store) => {
        const { transaction } = store;
        const found = store.get(KEY);
        found.onsuccess = () => {
          try {
            if (found.result === undefined) store.put(value, KEY);
            // Without it, a tab whose thread is busy holds the transaction open until it is idle.
            transaction.commit?.();
          } catch {
            transaction.abort(); // iOS: DataCloneError
          }
        };
      }),
    remove: () =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(DATABASE);
        request.onsuccess = () => resolve();
        request.onerror = () => reject(request.error);
      }),
  };
}

/** Runs `use` in one transaction, and resolves when it is complete. */
function transact(
  indexedDB: IDBFactory,
  mode: IDBTransactionMode,
  signal: AbortSignal,
  use: (store: IDBObjectStore) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // Each of `open`, `transaction`, `get` and `put` may throw: the site's data may be blocked or cleared.
    const opening = indexedDB.open(DATABASE, VERSION);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      database.onversionchange = () => database.close();
      try {
        refuseAborted(signal);
        // A key that a power cut can take, while the cookie stays, locks its owner out.
        const transaction = database.transaction(STORE, mode, { durability: "strict" });
        signal.addEventListener("abort", () => abort(transaction));
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
        use(transaction.objectStore(STORE));
      } catch (error) {
        reject(error);
      } finally {
        // It takes effect when the transaction has ended.
        database.close();
      }
    };
  });
}

/** A transaction that waited for too long must not write later. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}
