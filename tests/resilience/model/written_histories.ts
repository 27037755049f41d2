/**
 * Histories that are played before those that are drawn: together they reach every row of the rotation
 * rule, some of which chance alone seldom reaches.
 *
 * @module
 */

import type { Fate, History, Step } from "./steps.ts";

const OWNER = 0;
const THIEF = 3;
const HOUR = 3600;
const DAY = 24 * HOUR;

const wait = (seconds: number): Step => ({ kind: "wait", seconds });
const refresh = (who: number, fate: Fate = "arrives"): Step => ({ kind: "refresh", who, fate });
const theft = (hasKey: boolean): Step => ({ kind: "theft", thief: THIEF, from: OWNER, hasKey });
const forgery = (generations: number): Step => ({
  kind: "forgery",
  generations,
  branches: 0,
  namesKey: false,
});
const ownersValidate: Step = { kind: "validate", who: OWNER, mode: "never", fate: "arrives" };

export const WRITTEN_HISTORIES: readonly History[] = [
  // Rows 0 and 1.
  { laptopHasKey: false, steps: [forgery(1), forgery(0)] },
  // Row 3: a challenge of the place before, an hour later.
  {
    laptopHasKey: true,
    steps: [wait(HOUR), refresh(OWNER, "is lost"), wait(HOUR), refresh(OWNER)],
  },
  // Rows 4 and 6: another key takes over, and the owner returns.
  { laptopHasKey: true, steps: [theft(true), wait(DAY), wait(1), refresh(THIEF), refresh(OWNER)] },
  // Rows 5, 8 and 10: a key that is refused, and cookies of two refreshes ago.
  {
    laptopHasKey: true,
    steps: [
      theft(true),
      refresh(THIEF),
      wait(HOUR),
      refresh(OWNER),
      wait(HOUR),
      refresh(OWNER),
      wait(HOUR),
      { kind: "crash", who: OWNER, forgetsSeconds: 2.5 * HOUR },
      refresh(OWNER),
    ],
  },
  // Row 7: with a key, again at once.
  { laptopHasKey: true, steps: [wait(61), refresh(OWNER), refresh(OWNER)] },
  // Rows 13 and 11: a lost reply, and again at once.
  {
    laptopHasKey: false,
    steps: [wait(61), refresh(OWNER, "is lost"), refresh(OWNER), refresh(OWNER)],
  },
  // Rows 12 and 14: the first key, and a token from before it.
  {
    laptopHasKey: false,
    steps: [
      theft(false),
      { kind: "key", who: OWNER, becomes: "another" },
      refresh(OWNER),
      refresh(THIEF),
    ],
  },
  // Row 16: the predecessor of a confirmed token.
  {
    laptopHasKey: false,
    steps: [wait(HOUR), theft(false), refresh(OWNER), wait(61), ownersValidate, refresh(THIEF)],
  },
  // Rows 15 and 17: a late reply over the one that replaced it.
  {
    laptopHasKey: false,
    steps: [
      wait(61),
      refresh(OWNER, "is late"),
      wait(61),
      refresh(OWNER),
      { kind: "late reply", who: OWNER },
      refresh(OWNER),
    ],
  },
  // Row 18: a token of two refreshes ago.
  {
    laptopHasKey: false,
    steps: [wait(61), theft(false), refresh(OWNER), wait(61), refresh(OWNER), refresh(THIEF)],
  },
];
