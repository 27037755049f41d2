/**
 * Latencies of a validate beside those of its peers, both asked at one and the same rate: half of what
 * the slower of the two can do. At half of its own rate each, the faster would be asked more often, and
 * wait longer for a machine that is busier. All run in one case, so within the same minute.
 *
 * @module
 */

import type { Bench } from "../bench.ts";
import { type Metrics, OPEN_SHARE } from "../measure.ts";
import type { Case } from "../suite.ts";
import type { Contender } from "../variant.ts";
import { openBetterAuth } from "./better_auth.ts";
import { openExpressSession } from "./express_session.ts";
import { openValidate } from "./ours.ts";

const CONNECTIONS = 16;

/** Twice as long as elsewhere: a 99th percentile wants samples. */
const LONGER = 2;

/** By the first part of their rows' names. */
const PEERS = {
  "better-auth-no-cache": (bench) => openBetterAuth(bench, { cookieCache: false }),
  "better-auth-cookie-cache": (bench) => openBetterAuth(bench, { cookieCache: true }),
  "express-session-no-touch": (bench) => openExpressSession(bench, { touch: false }),
} satisfies Record<string, (bench: Bench) => Promise<Contender>>;

/** How often a bench has run it: who goes first takes turns. */
const runs = new WeakMap<Bench, number>();

export type SameRatePeer = keyof typeof PEERS;

/** Rows are named `same-rate/<peer>/ours/c16` and `same-rate/<peer>/peer/c16`. */
export const sameRate: Case = {
  name: "same-rate",
  async run(bench) {
    const run = runs.get(bench) ?? 0;
    runs.set(bench, run + 1);
    await using stack = new AsyncDisposableStack();
    const seconds = { ...bench.seconds, open: 0 };
    const open = async (contender: Contender) => {
      const { variant, load } = stack.use(contender);
      const asked = { ...load, connections: CONNECTIONS };
      const { requestsPerSecond = NaN } = await variant.measure({ ...asked, seconds });
      const longer = { ...bench.seconds, open: bench.seconds.open * LONGER };
      const at = (rate: number) => variant.measureAtRate({ ...asked, seconds: longer }, rate);
      return { requestsPerSecond, at };
    };
    const ours = await open(await openValidate(bench));
    const rows: Record<string, Metrics> = {};
    for (const [name, openPeer] of Object.entries(PEERS)) {
      const peer = await open(await openPeer(bench));
      const rate = OPEN_SHARE * Math.min(ours.requestsPerSecond, peer.requestsPerSecond);
      const sides = [["ours", ours], ["peer", peer]] as const;
      for (const [side, contender] of run % 2 === 0 ? sides : sides.toReversed()) {
        rows[`same-rate/${name}/${side}/c${CONNECTIONS}`] = await contender.at(rate);
      }
    }
    return rows;
  },
};
