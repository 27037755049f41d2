/**
 * A day of many simulated browsers: what one of them asks of the server on average, and how much
 * busier the busiest minute is than the others. The first of two days only brings the tabs into the
 * state in which the second finds them.
 *
 * @module
 */

import { DEFAULTS, type SessionNumbers } from "../../client/src/options.ts";
import { simulateBrowser } from "./browser.ts";
import { PEOPLE, PERSON_KINDS, type PersonKind, planDays } from "./people.ts";
import { createRandom } from "./random.ts";
import {
  createSimulatedServer,
  DEFAULT_POLICY,
  type SessionPolicy,
  type Traffic,
} from "./server.ts";

const DAY_MS = 86_400_000;
const MINUTES_A_DAY = 1_440;

/** What one browser causes in a day, on average. */
export type DailyTraffic = Readonly<Traffic>;

export interface SimulatedDay {
  readonly browsers: number;
  readonly ofKind: Readonly<Record<PersonKind, DailyTraffic>>;
  /** Of all daily users, in the mixture of `PEOPLE`. */
  readonly average: DailyTraffic;
  /** The busiest of the minutes against their mean, when all live in one time zone. */
  readonly peakFactor: number;
}

export function simulateDay(
  { browsersOfEachKind, seed = 1, policy = DEFAULT_POLICY, numbers = DEFAULTS }: {
    readonly browsersOfEachKind: number;
    readonly seed?: number;
    readonly policy?: SessionPolicy;
    /** Options of the client. */
    readonly numbers?: SessionNumbers;
  },
): SimulatedDay {
  const perMinute = new Float64Array(MINUTES_A_DAY);
  const average = none();
  const ofKind = Object.fromEntries(PERSON_KINDS.map((kind, number) => {
    const total = none();
    for (let browser = 0; browser < browsersOfEachKind; browser++) {
      const random = createRandom(seed + browser * PERSON_KINDS.length + number);
      const weight = PEOPLE[kind].ofHundred / 100 / browsersOfEachKind;
      const traffic = simulateSecondDay(kind, {
        random,
        policy,
        numbers,
        onRequest: (minute) => void (perMinute[minute] = (perMinute[minute] ?? 0) + weight),
      });
      add(total, traffic, 1 / browsersOfEachKind);
      add(average, traffic, weight);
    }
    return [kind, total];
  })) as Record<PersonKind, Traffic>;
  const mean = perMinute.reduce((sum, requests) => sum + requests, 0) / MINUTES_A_DAY;
  return {
    browsers: browsersOfEachKind * PERSON_KINDS.length,
    ofKind,
    average,
    peakFactor: Math.max(...smooth(perMinute)) / mean,
  };
}

function simulateSecondDay(
  kind: PersonKind,
  { random, onRequest, policy, numbers }: {
    readonly random: () => number;
    readonly onRequest: (minute: number) => void;
    readonly policy: SessionPolicy;
    readonly numbers: SessionNumbers;
  },
): Traffic {
  let before: Traffic | null = null;
  const server = createSimulatedServer({
    issuedAtMs: -DAY_MS / 2,
    policy,
    onRequest(_action, nowMs) {
      if (nowMs < DAY_MS) return;
      before ??= { ...server.traffic };
      onRequest(Math.floor((nowMs - DAY_MS) / 60_000) % MINUTES_A_DAY);
    },
  });
  simulateBrowser(planDays(kind, { days: 2, random }), {
    server,
    endMs: 2 * DAY_MS,
    random,
    numbers,
  });
  const traffic = none();
  add(traffic, server.traffic, 1);
  add(traffic, before ?? server.traffic, -1);
  return traffic;
}

function none(): Traffic {
  return { validates: 0, refreshes: 0, autoRefreshes: 0, writingValidates: 0 };
}

function add(sum: Traffic, traffic: Traffic, weight: number): void {
  for (const name of Object.keys(sum) as (keyof Traffic)[]) sum[name] += traffic[name] * weight;
}

/** The mean of each quarter of an hour: a peak must not be the luck of one minute. */
function smooth(perMinute: Float64Array): readonly number[] {
  return Array.from({ length: MINUTES_A_DAY / 15 }, (_, quarter) => {
    const minutes = perMinute.subarray(quarter * 15, quarter * 15 + 15);
    return minutes.reduce((sum, requests) => sum + requests, 0) / minutes.length;
  });
}
