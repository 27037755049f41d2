/**
 * Whether this place can keep a key at all.
 *
 * @module
 */

import { createBrowserKey, type KeyEnvironment } from "./browser_key.ts";
import type { BrowserKey } from "./prover.ts";

/** The key of the page or worker that this runs in. */
export function pageKey(): BrowserKey {
  return createBrowserKey(keyEnvironment);
}

function keyEnvironment(): KeyEnvironment | null {
  // WebKit gives a shared worker another, empty IndexedDB than its pages.
  if ("SharedWorkerGlobalScope" in globalThis) return null;
  try {
    const { isSecureContext, crypto, indexedDB, top } = globalThis;
    // Throws in a cross-site frame, whose IndexedDB is another than the cookies' site has.
    void top?.location.href;
    if (!isSecureContext || !crypto?.subtle || !indexedDB) return null;
    return {
      indexedDB,
      crypto,
      now: () => Date.now(),
      setTimer(fire, delayMs) {
        const timer = setTimeout(fire, delayMs);
        return () => clearTimeout(timer);
      },
    };
  } catch {
    return null; // Site data is blocked.
  }
}
