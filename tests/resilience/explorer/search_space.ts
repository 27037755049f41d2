/**
 * Which faults and attacks a search lets happen, and the spaces that are searched.
 *
 * @module
 */

export interface SearchSpace {
  readonly name: string;
  /** The session has the browser's key from its login on; otherwise nobody honest has one. */
  readonly bound: boolean;
  /** Renderers on the server refresh with the same cookie and without a proof. */
  readonly renderers: boolean;
  /** How old cookies may be that a crash brings back: half a minute, or also hours. */
  readonly crashes: "never" | "young" | "old";
  /** The browser may lose its key after a day of silence. */
  readonly losesKey: boolean;
  /** Seconds count: the reuse interval may pass since the issue, and not yet since a replay. */
  readonly countsFromReplay: boolean;
  /** When another key may take a session over: after a day of silence, or at once. */
  readonly rebinding: "after_a_day" | "at_once";
  readonly thief: Thief;
  /** As in the row: reissues beyond it are not followed. */
  readonly maxBranch: number;
}

export type Thief =
  /** There is none. */
  | "none"
  /** Holds the cookie of the start, and two keys that only he has. */
  | "at_any_time"
  /** The same, never within the reuse interval of the owner's refresh, nor the owner of his. */
  | "apart"
  /** Without keys. The owner may come within a reuse interval of his, from a generation's fifth on. */
  | "polling"
  /** Records whole requests of the browser, cookie and proof, and plays them again. */
  | "recording";

const HONEST: Omit<SearchSpace, "name" | "bound"> = {
  renderers: false,
  crashes: "young",
  losesKey: false,
  countsFromReplay: false,
  rebinding: "after_a_day",
  thief: "none",
  maxBranch: 3,
};

export const UNBOUND_HONEST: SearchSpace = { ...HONEST, name: "unbound, honest", bound: false };

export const BOUND_HONEST: SearchSpace = {
  ...HONEST,
  name: "bound, honest",
  bound: true,
  renderers: true,
  crashes: "old",
  losesKey: true,
};

export const LATE_REPLAYS: SearchSpace = {
  ...UNBOUND_HONEST,
  name: "unbound, honest, replayed late in the reuse interval",
  countsFromReplay: true,
};

export const UNBOUND_THIEF: SearchSpace = {
  ...HONEST,
  name: "unbound, a thief apart from the owner",
  bound: false,
  crashes: "never",
  thief: "apart",
};

export const BOUND_THIEF: SearchSpace = {
  ...HONEST,
  name: "bound, a thief at any time",
  bound: true,
  crashes: "old",
  thief: "at_any_time",
};

export const REBINDING_THIEF: SearchSpace = {
  ...BOUND_THIEF,
  name: "bound, a thief at any time, another key may take over at once",
  rebinding: "at_once",
};

export const POLLING_THIEF: SearchSpace = {
  ...UNBOUND_THIEF,
  name: "unbound, a thief who polls",
  thief: "polling",
  maxBranch: 7,
};

export const RECORDING_THIEF: SearchSpace = {
  ...HONEST,
  name: "bound, a thief who records requests",
  bound: true,
  thief: "recording",
};
