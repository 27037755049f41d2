/**
 * Lanes: connections, each with its own share of the visitors, who take turns. The one that waited
 * longest is next, so a visitor comes back as late as possible.
 *
 * @module
 */

import { type HttpConnection, openHttpConnection } from "./http_connection.ts";
import type { LoadPlan, Visitor } from "./plan.ts";
import { prepareVisitor, type ReadyVisitor } from "./visitors.ts";

/** One connection that sends one request at a time. */
export interface Lane {
  /** Whether its visitors have run out. */
  readonly isEmpty: boolean;
  /** Sends the next visitor's request. Answers what was wrong, or `null`. */
  visit(): Promise<string | null>;
  close(): void;
}

/** Opens every connection of a plan and deals the visitors out. */
export async function openLanes(
  plan: LoadPlan,
  visitors: readonly Visitor[],
): Promise<readonly Lane[]> {
  const { connections, targets, consumes = false } = plan;
  return await Promise.all(Array.from({ length: connections }, async (_, lane) => {
    const target = targets[lane % targets.length];
    if (target === undefined) throw new RangeError("Cannot make a load without a target");
    const share = visitors.filter((_, index) => index % connections === lane)
      .map((visitor) => prepareVisitor(visitor, plan));
    if (share.length === 0) {
      throw new RangeError(`Cannot share ${visitors.length} visitors among ${connections}`);
    }
    return openLane(await openHttpConnection(target), { share, consumes });
  }));
}

function openLane(
  connection: HttpConnection,
  { share, consumes }: { readonly share: readonly ReadyVisitor[]; readonly consumes: boolean },
): Lane {
  let next = 0;
  return {
    get isEmpty() {
      return consumes && next >= share.length;
    },
    async visit() {
      const visitor = share[next++ % share.length];
      if (!visitor) throw new RangeError("Cannot send a request: the visitors have run out");
      return visitor.judge(await connection.exchange(visitor.request));
    },
    close: () => connection.close(),
  };
}
