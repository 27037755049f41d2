/**
 * One browser, its network, the row of its session and a thief: a state of the search.
 *
 * @module
 */

import type { SearchSpace } from "./search_space.ts";
import { firstRow, type Key, NO_KEY, type SessionRow, type Token } from "./session_row.ts";

export const OWNERS: Key = 1;
export const OWNERS_NEXT: Key = 2;

/** Time since the row's token was issued, as far as the rule counts it. */
const AGES = ["recent", "past", "quiet"] as const;
type Age = (typeof AGES)[number];

const REPLAYS = ["none", "in_the_minute", "outlived_it"] as const;

export interface Refresh {
  readonly token: Token;
  /** Whose proof comes with it. */
  readonly proven: Key;
}

export interface RecordedRefresh extends Refresh {
  /** The place that its proof's challenge names. */
  readonly place: Token;
  /** The challenge is no more than the reuse interval old. */
  readonly young: boolean;
}

export interface Situation {
  readonly row: SessionRow;
  readonly age: Age;
  /** The row's token was handed out, by its issue or a replay, within the reuse interval. */
  readonly handedOut: boolean;
  /** Where seconds count: it was replayed since its issue, and then the first minute passed. */
  readonly replays: (typeof REPLAYS)[number];
  readonly cookie: Token;
  /** The cookies that a crash may bring back: of half a minute ago, and of hours ago. */
  readonly youngBackup: Token | null;
  readonly oldBackup: Token | null;
  readonly key: Key;
  readonly requests: readonly Refresh[];
  readonly replies: readonly Token[];
  /** Requests doubled since the last silence, and replies lost at all: neither is without end. */
  readonly doubled: number;
  readonly lost: number;
  /** The thief's latest three. */
  readonly stolen: readonly Token[];
  readonly recorded: RecordedRefresh | null;
  readonly thiefWasGranted: boolean;
  /** How often the owner has refreshed since, up to two. */
  readonly cycles: number;
  /** Who made the row's token. */
  readonly issuedTo: "owner" | "thief";
}

export function startOf({ bound, thief }: SearchSpace): Situation {
  const row = firstRow(bound ? OWNERS : NO_KEY);
  return {
    row,
    age: "past",
    handedOut: false,
    replays: "none",
    cookie: row.current,
    youngBackup: null,
    oldBackup: null,
    key: bound ? OWNERS : NO_KEY,
    requests: [],
    replies: [],
    doubled: 0,
    lost: 0,
    stolen: thief === "none" || thief === "recording" ? [] : [row.current],
    recorded: null,
    thiefWasGranted: false,
    cycles: 0,
    issuedTo: "owner",
  };
}

/**
 * One character a fact. Generations count from the row's, and those from three back on are alike: so
 * that a space ends.
 */
export function keyOf(situation: Situation): string {
  const { row, recorded } = situation;
  const tokenCode = (token: Token | null): number => {
    if (token === null) return 0;
    const age = Math.min(row.current.generation - token.generation, 3);
    return 1 + (age * 8 + token.branch) * 16 + token.key;
  };
  const listCode = (codes: readonly number[]): readonly number[] => [
    codes.length,
    ...codes.toSorted((a, b) => a - b),
  ];
  return String.fromCharCode(
    tokenCode(row.current),
    tokenCode(row.predecessor),
    tokenCode(row.superseded),
    Number(row.saltKept),
    Number(row.confirmed),
    AGES.indexOf(situation.age),
    Number(situation.handedOut),
    REPLAYS.indexOf(situation.replays),
    tokenCode(situation.cookie),
    tokenCode(situation.youngBackup),
    tokenCode(situation.oldBackup),
    situation.key,
    ...listCode(situation.requests.map(({ token, proven }) => tokenCode(token) * 16 + proven)),
    ...listCode(situation.replies.map(tokenCode)),
    situation.doubled,
    situation.lost,
    ...listCode([...new Set(situation.stolen.map(tokenCode))]),
    ...recorded === null ? [] : [
      tokenCode(recorded.token),
      tokenCode(recorded.place),
      Number(recorded.young),
    ],
    Number(situation.thiefWasGranted),
    situation.cycles,
    Number(situation.issuedTo === "thief"),
  );
}
