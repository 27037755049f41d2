/**
 * What an app wants done with each fresh access token before its calls go on. A hook that fails or
 * hangs holds nobody for long. It must not know what the hooks do.
 *
 * @module
 */

import type { SessionEnvironment } from "./environment.ts";
import type { RefreshedDetail } from "./session.ts";

type Hook = (detail: RefreshedDetail) => void | Promise<void>;

export interface RefreshedHooks {
  add(hook: Hook): () => void;
  /** Runs all hooks at once. Resolves when each is done or out of time; never rejects. */
  run(detail: RefreshedDetail): Promise<void>;
  isRunning(): boolean;
}

export function createRefreshedHooks(
  { setTimer, reportError }: Pick<SessionEnvironment, "setTimer" | "reportError">,
  hookTimeoutMs: number,
): RefreshedHooks {
  const hooks = new Set<{ readonly hook: Hook }>();
  let running = 0;
  return {
    isRunning: () => running > 0,
    add(hook) {
      const entry = { hook };
      hooks.add(entry);
      return () => void hooks.delete(entry);
    },
    async run(detail) {
      if (!hooks.size) return;
      running++;
      let cancel: (() => void) | undefined;
      const over = new Promise<void>((resolve) => cancel = setTimer(resolve, hookTimeoutMs));
      const called = [...hooks].map(async ({ hook }) => {
        try {
          await hook(detail);
        } catch (error) {
          reportError(error);
        }
      });
      await Promise.race([Promise.all(called), over]);
      cancel?.();
      running--;
    },
  };
}
