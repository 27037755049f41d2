/**
 * One caller at a time among the tabs, as far as that can be had without waiting for a tab that
 * sleeps. It is an optimisation: the server answers two callers alike, so nobody ever waits for long
 * and nothing is ever stolen.
 *
 * @module
 */

import type { SessionEnvironment } from "../environment.ts";

export interface TabLock {
  /**
   * Runs `body` while no other tab does. Waits for at most `patienceMs`, then runs it all the same;
   * with a patience of 0 it does not wait. Resolves with false, `body` not run, when another tab has
   * the lock and there was no patience, or when this page was put to sleep while it waited.
   */
  run(patienceMs: number, body: () => Promise<void>): Promise<boolean>;
  /**
   * For `freeze` and `pagehide`. A frozen holder blocks every tab, and a frozen *waiter* is granted
   * the lock and blocks them too: so the holder lets go (its request goes on) and waiters give up.
   */
  letGo(): void;
}

/** Where there is no Web Locks API, tabs spread out by chance and read the record again. */
const SPREAD_MS = 300;

/** A browser says within milliseconds that a lock is taken, unless its own part for locks hangs. */
const ANSWER_MS = 1_000;

export function createTabLock(environment: SessionEnvironment, name: string): TabLock {
  const { locks, random, setTimer } = environment;
  const sleepers = new Set<() => void>();

  async function run(patienceMs: number, body: () => Promise<void>): Promise<boolean> {
    if (!locks) {
      await new Promise<void>((resolve) => setTimer(resolve, random() * SPREAD_MS));
      await body();
      return true;
    }
    const waiting = new AbortController();
    let running: Promise<void> | undefined;
    let asleep = false;
    let release: (() => void) | undefined;
    const fallAsleep = (): void => {
      asleep = true;
      waiting.abort();
      release?.();
    };
    const cancelTimer = setTimer(() => waiting.abort(), patienceMs || ANSWER_MS);
    const gaveUp = new Promise<never>((_, reject) => {
      waiting.signal.addEventListener("abort", reject);
    });
    sleepers.add(fallAsleep);
    try {
      const locked = locks.request(
        name,
        patienceMs ? { signal: waiting.signal } : { ifAvailable: true },
        (lock) => {
          cancelTimer();
          if (!lock || waiting.signal.aborted) return;
          running = body();
          return Promise.race([running, new Promise<void>((resolve) => release = resolve)]);
        },
      );
      await Promise.race([locked, gaveUp]);
    } catch {
      // Waited long enough, or locks are refused here (an opaque origin), or never answer.
      if (!asleep) running ??= body();
    } finally {
      cancelTimer();
      sleepers.delete(fallAsleep);
    }
    await running;
    return running !== undefined;
  }

  return {
    run,
    letGo() {
      for (const fallAsleep of [...sleepers]) fallAsleep();
    },
  };
}
