/**
 * The wire between a page and its server: counts requests, and handles every reply, to hold
 * it, lose it or put another in its place.
 *
 * @module
 */

import type { Fate } from "../../tests/harness/driven/site.ts";

/** A renewal of the session, a call of the protected resource, or anything else. */
export type RequestKind = "renewal" | "call" | "other";

export interface Wire {
  /** Hands a reply on, or what became of it. */
  deliver(kind: RequestKind, request: Request, reply: Response): Promise<Response>;
  /** How many requests of a kind have arrived since the last `reset`. */
  count(kind: RequestKind): number;
  /** The fate of replies of this kind from now on; null: they arrive. */
  setFate(kind: RequestKind, fate: Fate | null): void;
  /** Holds every reply of a kind until it is released. */
  hold(kind: RequestKind): Held;
  reset(): void;
}

export interface Held {
  /** Resolves when the first reply is held: the server has done its part. */
  readonly arrived: Promise<void>;
  /** Lets the held replies go, and those that come later pass. */
  release(): void;
}

export function createWire(): Wire {
  let counts = new Map<RequestKind, number>();
  const fates = new Map<RequestKind, Fate>();
  const setFate: Wire["setFate"] = (kind, fate) => {
    if (fate) fates.set(kind, fate);
    else fates.delete(kind);
  };
  return {
    async deliver(kind, request, reply) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      const decided = await fates.get(kind)?.(reply, request) ?? reply;
      if (decided !== reply) await reply.body?.cancel();
      return decided;
    },
    count: (kind) => counts.get(kind) ?? 0,
    setFate,
    hold(kind) {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      setFate(kind, async (reply) => {
        arrived.resolve();
        await released.promise;
        return reply;
      });
      return {
        arrived: arrived.promise,
        release() {
          setFate(kind, null);
          released.resolve();
        },
      };
    },
    reset() {
      counts = new Map();
    },
  };
}
