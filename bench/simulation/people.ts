/**
 * How people use an app in a day: kinds of people, each with its own habits, and the script of one
 * such day, drawn by chance. These habits are assumptions; everything reckoned from them is not.
 *
 * @module
 */

import type { PageEvent } from "./page_event.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The habits of one kind of people. Every length is a mean, drawn anew each time. */
interface Habits {
  /** How many of a hundred daily users are of this kind. */
  readonly ofHundred: number;
  readonly says: string;
  /** When the first visit begins, at the earliest, and within how long after that. */
  readonly fromHour: number;
  readonly withinHours: number;
  readonly visits: number;
  readonly visitMinutes: number;
  /** Of a stretch in which one tab is looked at, and of what is between two stretches. */
  readonly stretchMinutes: number;
  readonly awayMinutes: number;
  /** Between two visits. */
  readonly pauseHours: number;
  readonly tabs: number;
  /** Whether the tabs stay open after a visit. */
  readonly leavesOpen: boolean;
  /** How many of a hundred stretches begin with a full load of the page. */
  readonly loadsOfHundred: number;
  /** How many of a hundred visits end with the device asleep until the next one. */
  readonly sleepsOfHundred: number;
}

export const PEOPLE = {
  worker: {
    ofHundred: 20,
    says: "has the app open in two tabs all day, and looks elsewhere half of the time",
    fromHour: 7,
    withinHours: 3,
    visits: 2,
    visitMinutes: 240,
    stretchMinutes: 8,
    awayMinutes: 8,
    pauseHours: 1,
    tabs: 2,
    leavesOpen: true,
    loadsOfHundred: 20,
    sleepsOfHundred: 80,
  },
  regular: {
    ofHundred: 50,
    says: "comes three times for ten minutes, and leaves the tab open",
    fromHour: 7,
    withinHours: 5,
    visits: 3,
    visitMinutes: 10,
    stretchMinutes: 4,
    awayMinutes: 1,
    pauseHours: 4,
    tabs: 1,
    leavesOpen: true,
    loadsOfHundred: 20,
    sleepsOfHundred: 80,
  },
  passer: {
    ofHundred: 30,
    says: "comes once for four minutes, and closes the tab",
    fromHour: 7,
    withinHours: 14,
    visits: 1,
    visitMinutes: 4,
    stretchMinutes: 3,
    awayMinutes: 1,
    pauseHours: 1,
    tabs: 1,
    leavesOpen: false,
    loadsOfHundred: 20,
    sleepsOfHundred: 80,
  },
} as const satisfies Record<string, Habits>;

export type PersonKind = keyof typeof PEOPLE;

export const PERSON_KINDS: readonly PersonKind[] = ["worker", "regular", "passer"];

/** The script of so many days, in the order of time. */
export function planDays(
  kind: PersonKind,
  { days, random }: { readonly days: number; readonly random: () => number },
): readonly PageEvent[] {
  const habits: Habits = PEOPLE[kind];
  const events: PageEvent[] = [];
  const open = new Set<number>();
  const about = (meanMs: number): number => -Math.log(1 - random()) * meanMs;

  /** Another tab comes to the front, opened if it is not. */
  function look(atMs: number): number {
    const tab = Math.floor(random() * habits.tabs);
    const loads = !open.has(tab) || random() * 100 < habits.loadsOfHundred;
    events.push({ type: loads ? "open" : "show", atMs, tab });
    open.add(tab);
    return tab;
  }

  /** Answers when it ended. */
  function visit(fromMs: number): number {
    const untilMs = fromMs + about(habits.visitMinutes * MINUTE_MS);
    let atMs = fromMs;
    while (atMs < untilMs) {
      const tab = look(atMs);
      atMs = Math.min(untilMs, atMs + about(habits.stretchMinutes * MINUTE_MS));
      events.push({ type: "hide", atMs, tab });
      if (atMs < untilMs) atMs += about(habits.awayMinutes * MINUTE_MS);
    }
    if (!habits.leavesOpen) {
      for (const tab of open) events.push({ type: "close", atMs, tab });
      open.clear();
    }
    return atMs;
  }

  function pause(fromMs: number, untilMs: number): void {
    if (random() * 100 >= habits.sleepsOfHundred || untilMs <= fromMs) return;
    events.push({ type: "sleep", atMs: fromMs, untilMs });
  }

  let freeFromMs = 0;
  for (let day = 0; day < days; day++) {
    const morningMs = day * DAY_MS + habits.fromHour * HOUR_MS;
    let atMs = Math.max(freeFromMs, morningMs + random() * habits.withinHours * HOUR_MS);
    for (let number = 0; number < habits.visits; number++) {
      if (freeFromMs > 0) pause(freeFromMs, atMs);
      freeFromMs = visit(atMs);
      atMs = freeFromMs + about(habits.pauseHours * HOUR_MS);
    }
  }
  pause(freeFromMs, days * DAY_MS);
  return events.filter(({ atMs }) => atMs < days * DAY_MS);
}
