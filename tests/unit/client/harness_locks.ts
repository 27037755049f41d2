/**
 * Web Locks in memory, for exclusive locks: first come, first served, `signal` and `ifAvailable`. As
 * in a browser, it does not look whether the tab of a waiter is frozen.
 *
 * @module
 */

type Body = (lock: unknown) => unknown;

export interface Locks {
  request(
    name: string,
    options: { readonly signal?: AbortSignal; readonly ifAvailable?: boolean },
    body: Body,
  ): Promise<unknown>;
}

export function createLocks(): Locks {
  const queues = new Map<string, (() => void)[]>();

  return {
    async request(name, { signal, ifAvailable }, body) {
      signal?.throwIfAborted();
      const queue = queues.get(name) ?? [];
      queues.set(name, queue);
      if (queue.length && ifAvailable) return body(null);
      await new Promise<void>((resolve, reject) => {
        const isFirst = queue.push(resolve) === 1;
        if (isFirst) return resolve();
        signal?.addEventListener("abort", () => {
          const place = queue.indexOf(resolve);
          if (place <= 0) return;
          queue.splice(place, 1);
          reject(signal.reason);
        });
      });
      try {
        return await body({ name });
      } finally {
        queue.shift();
        queue[0]?.();
      }
    },
  };
}
