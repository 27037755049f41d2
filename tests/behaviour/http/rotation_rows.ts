/**
 * The rows of the rotation rule, each with what to present and what is answered, written and left of the
 * session.
 *
 * @module
 */

import { AFTER_REUSE_INTERVAL_SECONDS } from "../../harness/reuse_interval.ts";
import { type Answer, type Browser, REFRESH_COOKIE } from "./browser.ts";
import { createProofKey, type ProofKey } from "./proof_key.ts";
import type { openTokenForge } from "./token_forge.ts";

const DAY = 86_400;

/** Two keys for all rows: a key is one of an origin, and none of a session. */
export const OWN = await createProofKey();
export const OTHER = await createProofKey();

type Class = "any" | "same" | "stranger" | "rebound" | "unbound";
type Position =
  | "any"
  | "current"
  | "predecessor"
  | "superseded"
  | "lost"
  | "older"
  | "ahead"
  | "hash mismatch";

export interface Row {
  readonly row: number;
  readonly class: Class;
  readonly position: Position;
  readonly condition?: string;
  readonly present: (scene: Scene) => Promise<Answer>;
  readonly outcome: string;
  /** Generation, branch and key of the session afterwards; null: it has ended. */
  readonly session: string | null;
  /** Written about the request. */
  readonly events?: readonly string[];
}

/** One person's session, as the rows find it and present its tokens. */
export interface Scene {
  readonly sessionId: string;
  /** Signed in with its own key, or without one. */
  readonly bound: () => Promise<Browser>;
  readonly unbound: () => Promise<Browser>;
  readonly after: (seconds: number) => Promise<void>;
  /** Sends one refresh, with the browser's own key and challenge unless others are given. */
  readonly present: (browser: Browser, options?: PresentOptions) => Promise<Answer>;
  /** Since the last `present`. */
  readonly events: () => Promise<readonly string[]>;
  readonly forge: ReturnType<typeof openTokenForge>;
}

export interface PresentOptions {
  readonly key?: ProofKey | null;
  readonly challenge?: string;
}

export const TABLE: readonly Row[] = [
  {
    row: 0,
    class: "any",
    position: "ahead",
    outcome: "unknown_generation",
    session: "1.0 none",
    present: presentForged({ generation: 3 }),
  },
  {
    row: 1,
    class: "any",
    position: "hash mismatch",
    outcome: "refresh_token_invalid",
    session: "1.0 none",
    events: ["key_compromise_suspected"],
    present: presentForged({ generation: 1 }),
  },
  {
    row: 2,
    class: "stranger",
    position: "any",
    condition: "no proof",
    outcome: "proof_required",
    session: "1.0 own",
    present: async ({ bound, present }) => await present(await bound(), { key: null }),
  },
  {
    row: 3,
    class: "any",
    position: "any",
    condition: "challenge neither of the session's place nor within the reuse interval",
    outcome: "proof_required",
    session: "2.0 own",
    present: async (scene) => {
      const browser = await scene.bound();
      await scene.after(120);
      await browser.refresh();
      const place = { sessionId: scene.sessionId, generation: 1, ageSeconds: 120 };
      return await scene.present(browser, { challenge: scene.forge.challenge(place) });
    },
  },
  {
    row: 4,
    class: "stranger",
    position: "current",
    condition: "last issue more than a day ago",
    outcome: "rotated",
    session: "2.0 other",
    events: ["rebound"],
    present: presentAfter("bound", DAY + 60, { key: OTHER }),
  },
  {
    row: 5,
    class: "stranger",
    position: "any",
    condition: "otherwise",
    outcome: "proof_key_unknown",
    session: "1.0 own",
    events: ["proof_refused"],
    present: presentAfter("bound", DAY - 60, { key: OTHER }),
  },
  {
    row: 6,
    class: "rebound",
    position: "any",
    outcome: "refresh_token_already_used",
    session: null,
    events: ["reuse_detected"],
    present: async ({ bound, after, present }) => {
      const owner = await bound();
      const thief = owner.copy({ key: OTHER });
      await after(DAY + 60);
      await thief.refresh();
      return await present(owner);
    },
  },
  {
    row: 7,
    class: "same",
    position: "current",
    condition: "within the reuse interval",
    outcome: "unchanged",
    session: "1.0 own",
    events: ["refresh"],
    present: presentAfter("bound", 30),
  },
  {
    row: 8,
    class: "same",
    position: "current",
    condition: "after the reuse interval",
    outcome: "rotated",
    session: "2.0 own",
    events: ["refresh"],
    present: presentAfter("bound", AFTER_REUSE_INTERVAL_SECONDS),
  },
  {
    row: 9,
    class: "same",
    position: "predecessor",
    condition: "with a salt, at any time",
    outcome: "replayed",
    session: "2.0 own",
    events: ["replay"],
    present: presentPredecessor("bound", 30 * 60),
  },
  {
    row: 10,
    class: "same",
    position: "older",
    outcome: "reissued",
    session: "4.0 own",
    events: ["reissue"],
    present: async (scene) => await scene.present(await holdOlder(scene, await scene.bound())),
  },
  {
    row: 10,
    class: "same",
    position: "superseded",
    condition: "bound by the branch that replaced it",
    outcome: "reissued",
    session: "3.0 own",
    events: ["reissue"],
    present: async (scene) => {
      const superseded = await holdSuperseded(scene, await scene.unbound(), { key: OWN });
      return await scene.present(superseded, { key: OWN });
    },
  },
  {
    row: 11,
    class: "unbound",
    position: "current",
    condition: "within the reuse interval, without a proof",
    outcome: "unchanged",
    session: "1.0 none",
    events: ["refresh"],
    present: presentAfter("unbound", 30),
  },
  {
    row: 11,
    class: "unbound",
    position: "current",
    condition: "within the reuse interval, with a proof, after the first generation",
    outcome: "unchanged",
    session: "2.0 none",
    events: ["refresh"],
    present: async ({ unbound, after, present }) => {
      const browser = await unbound();
      await after(AFTER_REUSE_INTERVAL_SECONDS);
      await browser.refresh();
      return await present(browser, { key: OWN });
    },
  },
  {
    row: 12,
    class: "unbound",
    position: "current",
    condition: "within the reuse interval of the first generation, with a proof: binds",
    outcome: "rotated",
    session: "2.0 own",
    events: ["refresh"],
    present: async ({ unbound, present }) => await present(await unbound(), { key: OWN }),
  },
  {
    row: 12,
    class: "unbound",
    position: "current",
    condition: "after the reuse interval",
    outcome: "rotated",
    session: "2.0 none",
    events: ["refresh"],
    present: presentAfter("unbound", AFTER_REUSE_INTERVAL_SECONDS),
  },
  {
    row: 13,
    class: "unbound",
    position: "predecessor",
    condition: "open, within the reuse interval",
    outcome: "replayed",
    session: "2.0 none",
    events: ["replay"],
    present: presentPredecessor("unbound", 0),
  },
  {
    row: 14,
    class: "unbound",
    position: "predecessor",
    condition: "open, within the reuse interval, session bound since, no proof",
    outcome: "proof_required",
    session: "2.0 own",
    present: async (scene) => {
      const predecessor = await holdPredecessor(scene, await scene.unbound(), { key: OWN });
      return await scene.present(predecessor, { key: null });
    },
  },
  {
    row: 15,
    class: "unbound",
    position: "predecessor",
    condition: "open, after the reuse interval",
    outcome: "reissued",
    session: "2.1 none",
    events: ["reissue"],
    present: presentPredecessor("unbound", AFTER_REUSE_INTERVAL_SECONDS),
  },
  {
    row: 16,
    class: "unbound",
    position: "predecessor",
    condition: "confirmed",
    outcome: "refresh_token_already_used",
    session: null,
    events: ["reuse_detected"],
    present: presentOnceConfirmed(holdPredecessor),
  },
  {
    row: 17,
    class: "unbound",
    position: "superseded",
    condition: "open",
    outcome: "rotated",
    session: "3.0 none",
    events: ["refresh"],
    present: async (scene) =>
      await scene.present(await holdSuperseded(scene, await scene.unbound())),
  },
  {
    row: 18,
    class: "unbound",
    position: "superseded",
    condition: "confirmed",
    outcome: "refresh_token_already_used",
    session: null,
    events: ["reuse_detected"],
    present: presentOnceConfirmed(holdSuperseded),
  },
  {
    row: 18,
    class: "unbound",
    position: "lost",
    outcome: "refresh_token_already_used",
    session: null,
    events: ["reuse_detected"],
    present: async (scene) => {
      const first = await scene.unbound();
      const again = first.copy();
      const lost = await holdSuperseded(scene, first);
      await scene.after(AFTER_REUSE_INTERVAL_SECONDS);
      await again.refresh(); // a third branch: the first is no longer kept
      return await scene.present(lost);
    },
  },
  {
    row: 18,
    class: "unbound",
    position: "older",
    outcome: "refresh_token_already_used",
    session: null,
    events: ["reuse_detected"],
    present: async (scene) => await scene.present(await holdOlder(scene, await scene.unbound())),
  },
];

/** Presents the newest token of a session that nobody has used for some seconds. */
function presentAfter(
  kind: "bound" | "unbound",
  seconds: number,
  options?: PresentOptions,
): Row["present"] {
  return async (scene) => {
    const browser = await scene[kind]();
    await scene.after(seconds);
    return await scene.present(browser, options);
  };
}

/** Presents the token before the newest, which is so old. */
function presentPredecessor(kind: "bound" | "unbound", seconds: number): Row["present"] {
  return async (scene) => {
    const predecessor = await holdPredecessor(scene, await scene[kind]());
    await scene.after(seconds);
    return await scene.present(predecessor);
  };
}

/** Presents a token after the owner's newest was used. */
function presentOnceConfirmed(hold: typeof holdPredecessor): Row["present"] {
  return async (scene) => {
    const owner = await scene.unbound();
    const held = await hold(scene, owner);
    await scene.after(AFTER_REUSE_INTERVAL_SECONDS);
    await owner.validate();
    return await scene.present(held);
  };
}

/** Presents a token whose secret nobody issued. */
function presentForged(place: { readonly generation: number }): Row["present"] {
  return async (scene) => {
    const browser = await scene.unbound();
    const { sessionId } = scene;
    browser.cookies.set(REFRESH_COOKIE, scene.forge.refreshToken({ sessionId, ...place }));
    return await scene.present(browser);
  };
}

/** Rotates; answers a holder of the token before. */
async function holdPredecessor(
  { after }: Scene,
  browser: Browser,
  { key = browser.key } = {},
): Promise<Browser> {
  const predecessor = browser.copy();
  await after(AFTER_REUSE_INTERVAL_SECONDS);
  browser.key = key;
  await browser.refresh();
  return predecessor;
}

/** The same, two rotations ago. */
async function holdOlder(scene: Scene, browser: Browser): Promise<Browser> {
  const older = await holdPredecessor(scene, browser);
  await scene.after(AFTER_REUSE_INTERVAL_SECONDS);
  await browser.refresh();
  return older;
}

/** Two branches of one generation, the second in `browser`; answers a holder of the first. */
async function holdSuperseded(
  scene: Scene,
  browser: Browser,
  { key = browser.key } = {},
): Promise<Browser> {
  const superseded = browser.copy();
  await scene.after(AFTER_REUSE_INTERVAL_SECONDS);
  await superseded.refresh();
  await scene.after(AFTER_REUSE_INTERVAL_SECONDS);
  browser.key = key;
  await browser.refresh();
  return superseded;
}
