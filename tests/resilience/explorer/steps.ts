/**
 * Everything that can happen next in a situation. The server decides by `judge_rotation`, as it was
 * read from the database; all else here is the effect of its outcomes, faults, time and the thief.
 *
 * @module
 */

import { ownersViolation, thiefsViolation, VIOLATIONS } from "./promises.ts";
import type { Circumstances, Judge, Judgment } from "./rotation_decisions.ts";
import type { Step } from "./search.ts";
import type { SearchSpace } from "./search_space.ts";
import {
  afterRotation,
  afterValidation,
  classOf,
  isGranted,
  isSameToken,
  type Key,
  NO_KEY,
  positionOf,
  type SessionRow,
  type Token,
} from "./session_row.ts";
import {
  OWNERS,
  OWNERS_NEXT,
  type RecordedRefresh,
  type Refresh,
  type Situation,
} from "./situation.ts";

const THIEFS_KEYS: readonly Key[] = [9, 8];

export interface Server {
  readonly judge: Judge;
  /** From when `validate_session` counts until it confirms: the last hand-out, or the issue. */
  readonly confirmsAfter: "hand_out" | "issue";
}

interface Refreshed {
  readonly judgment: Judgment;
  /** Null: the session has ended. */
  readonly row: SessionRow | null;
  /** How the row ages and what it was handed out for, after it. */
  readonly change: Pick<Situation, "age" | "handedOut" | "replays">;
  readonly issued: boolean;
}

function refresh(
  { countsFromReplay, rebinding }: SearchSpace,
  { judge }: Server,
  { row, age, handedOut, replays }: Situation,
  { token, proven }: Refresh,
  proof: Circumstances["proof"] = proven === NO_KEY ? "none" : "fresh",
): Refreshed {
  const tokenClass = classOf(row, token, proven);
  const judgment = judge({
    class: tokenClass,
    position: positionOf(row, token),
    proof,
    recent: age === "recent",
    confirmed: row.confirmed,
    saltKept: row.saltKept,
    rowKey: row.current.key === NO_KEY ? "none" : row.current.key === proven ? "proven" : "other",
    firstGeneration: row.current.generation === 1,
    branch: row.current.branch,
    quiet: rebinding === "at_once" || age === "quiet",
  });
  const next = afterRotation(row, { token, proven, judgment, class: tokenClass });
  const issued = next !== null && next !== row;
  return {
    judgment,
    row: next,
    change: issued
      ? { age: "recent", handedOut: true, replays: replays === "outlived_it" ? replays : "none" }
      : {
        age,
        handedOut,
        replays: countsFromReplay && judgment.outcome === "replayed" && replays === "none"
          ? "in_the_minute"
          : replays,
      },
    issued,
  };
}

export function stepsFrom(
  space: SearchSpace,
  server: Server,
): (situation: Situation) => readonly Step<Situation>[] {
  return (situation) => [
    ...browserSends(space, situation),
    ...serverAnswersBrowser(space, server, situation),
    ...repliesArrive(space, situation),
    ...timePasses(space, situation),
    ...browserFails(space, situation),
    ...validate(server, situation, situation.cookie, "the browser"),
    ...thiefActs(space, server, situation),
    ...recordingIsPlayed(space, server, situation),
  ];
}

function* browserSends(
  { renderers, countsFromReplay }: SearchSpace,
  s: Situation,
): Generator<Step<Situation>> {
  if (s.requests.length >= 2 || s.replies.length >= 2) return;
  // Where seconds count: nobody refreshes a token that has just come.
  if (countsFromReplay && s.youngBackup !== null) return;
  const send = (proven: Key, by: string): Step<Situation> => ({
    line: `${by} sends ${nameToken(s.cookie)}${
      proven === NO_KEY ? "" : ` with a proof by ${nameKey(proven)}`
    }`,
    state: { ...s, requests: [...s.requests, { token: s.cookie, proven }] },
  });
  yield send(s.key, "the browser");
  if (renderers) yield send(NO_KEY, "a renderer");
}

function* serverAnswersBrowser(
  space: SearchSpace,
  server: Server,
  s: Situation,
): Generator<Step<Situation>> {
  const besideThief = s.age === "recent" && s.issuedTo === "thief";
  if (besideThief && space.thief === "apart") return;
  if (besideThief && space.thief === "polling" && s.row.current.branch <= 3) return;
  for (const [at, request] of s.requests.entries()) {
    const { judgment, row, change, issued } = refresh(space, server, s, request);
    const line = `the server answers ${nameToken(request.token)}: ${judgment.outcome}` +
      (issued && row ? ` to ${nameToken(row.current)}` : "");
    const violation = ownersViolation(space, s, request, judgment);
    if (violation !== null) yield { line, violation };
    if (row === null || row.current.branch > space.maxBranch) continue;
    for (const double of s.doubled < 1 ? [0, 1] : [0]) {
      yield {
        line: line + (double ? "; a double of the request is still under way" : ""),
        state: {
          ...s,
          ...change,
          row,
          requests: double ? s.requests : s.requests.toSpliced(at, 1),
          replies: isGranted(judgment) ? [...s.replies, row.current] : s.replies,
          doubled: s.doubled + double,
          issuedTo: issued ? "owner" : s.issuedTo,
        },
      };
    }
  }
}

function* repliesArrive({ crashes }: SearchSpace, s: Situation): Generator<Step<Situation>> {
  for (const [at, token] of s.replies.entries()) {
    const replies = s.replies.toSpliced(at, 1);
    if (isSameToken(token, s.cookie)) {
      yield { line: `the reply with ${nameToken(token)} arrives`, state: { ...s, replies } };
    } else {
      const isCycle = s.thiefWasGranted && token.generation > s.cookie.generation;
      yield {
        line: `the reply with ${nameToken(token)} arrives`,
        state: {
          ...s,
          replies,
          cookie: token,
          cycles: Math.min(s.cycles + Number(isCycle), 2),
          youngBackup: crashes === "never" ? null : s.cookie,
          oldBackup: crashes === "old" && s.youngBackup !== null ? s.youngBackup : s.oldBackup,
        },
      };
    }
    if (s.lost < 2) {
      yield {
        line: `the reply with ${nameToken(token)} is lost`,
        state: { ...s, replies, lost: s.lost + 1 },
      };
    }
  }
}

const isStill = (s: Situation): boolean => s.requests.length === 0 && s.replies.length === 0;

function* timePasses(
  { countsFromReplay }: SearchSpace,
  s: Situation,
): Generator<Step<Situation>> {
  if (countsFromReplay && s.age === "recent" && s.replays === "in_the_minute") {
    yield {
      line: "15 seconds pass, the last of the minute since the issue",
      state: { ...s, age: "past", replays: "outlived_it" },
    };
  }
  if (s.handedOut && isStill(s)) {
    yield {
      line: "61 seconds pass",
      state: {
        ...s,
        age: "past",
        handedOut: false,
        replays: "none",
        youngBackup: null,
        doubled: 0,
        recorded: outdate(s.recorded),
      },
    };
  }
  if (s.age === "past" && !s.handedOut && isStill(s)) {
    yield {
      line: "a day passes",
      state: { ...s, age: "quiet", youngBackup: null, doubled: 0, recorded: outdate(s.recorded) },
    };
  }
}

const outdate = (recorded: RecordedRefresh | null): RecordedRefresh | null =>
  recorded && { ...recorded, young: false };

function* browserFails({ losesKey }: SearchSpace, s: Situation): Generator<Step<Situation>> {
  if (!isStill(s)) return;
  for (const backup of ["youngBackup", "oldBackup"] as const) {
    const cookie = s[backup];
    if (cookie === null) continue;
    yield {
      line: `the browser crashes, and its cookie is ${nameToken(cookie)} again`,
      state: { ...s, cookie, [backup]: null },
    };
  }
  if (losesKey && s.age === "quiet" && s.key === OWNERS) {
    yield { line: "the browser loses its key", state: { ...s, key: OWNERS_NEXT } };
  }
}

function* validate(
  { confirmsAfter }: Server,
  s: Situation,
  token: Token,
  by: string,
): Generator<Step<Situation>> {
  if (confirmsAfter === "hand_out" ? s.handedOut : s.age === "recent") return;
  const row = afterValidation(s.row, token);
  if (row !== s.row) yield { line: `${by} validates ${nameToken(token)}`, state: { ...s, row } };
}

function* thiefActs(
  space: SearchSpace,
  server: Server,
  s: Situation,
): Generator<Step<Situation>> {
  const besideOwner = s.age === "recent" && s.issuedTo === "owner";
  if (besideOwner && (space.thief === "apart" || space.thief === "polling")) return;
  const keys = space.thief === "polling" ? [NO_KEY] : [NO_KEY, ...THIEFS_KEYS];
  for (const token of s.stolen) {
    for (const proven of keys) {
      const { judgment, row, change, issued } = refresh(space, server, s, { token, proven });
      const line = `the thief presents ${nameToken(token)}` +
        (proven === NO_KEY ? "" : ` with ${nameKey(proven)}`) + `: ${judgment.outcome}` +
        (issued && row ? ` to ${nameToken(row.current)}` : "");
      const violation = thiefsViolation(space, s, judgment);
      if (violation !== null) yield { line, violation };
      if (row === null || !isGranted(judgment) || row.current.branch > space.maxBranch) continue;
      if (s.cycles >= 2) continue;
      const others = s.stolen.filter((each) => !isSameToken(each, row.current));
      yield {
        line,
        state: {
          ...s,
          ...change,
          row,
          stolen: [row.current, ...others].slice(0, 3),
          thiefWasGranted: true,
          issuedTo: issued ? "thief" : s.issuedTo,
        },
      };
    }
  }
  for (const token of s.stolen) yield* validate(server, s, token, "the thief");
}

function* recordingIsPlayed(
  space: SearchSpace,
  server: Server,
  s: Situation,
): Generator<Step<Situation>> {
  if (space.thief !== "recording") return;
  if (s.recorded === null) {
    for (const request of s.requests) {
      yield {
        line: `the thief records the request with ${nameToken(request.token)}`,
        state: { ...s, recorded: { ...request, place: s.row.current, young: true } },
      };
    }
    return;
  }
  const { place, young } = s.recorded;
  const isFresh = young || isSameToken(place, s.row.current);
  const { judgment, row, change, issued } = refresh(
    space,
    server,
    s,
    s.recorded,
    isFresh ? "fresh" : "outdated",
  );
  const line = `the thief plays it again: ${judgment.outcome}` +
    (issued && row ? ` to ${nameToken(row.current)}` : "");
  if (isGranted(judgment) && !isFresh) {
    yield { line, violation: VIOLATIONS.recordedGranted };
  }
  if (row === null) yield { line, violation: VIOLATIONS.signedOut };
  else if (issued) yield { line, state: { ...s, ...change, row } };
}

const nameToken = ({ generation, branch }: Token): string => `token ${generation}.${branch}`;

function nameKey(key: Key): string {
  return key === OWNERS ? "its key" : key === OWNERS_NEXT ? "its new key" : `own key ${key}`;
}
