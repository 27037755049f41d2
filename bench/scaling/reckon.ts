/**
 * From what one browser asks in a day and what one request costs to what so many daily users cost.
 *
 * @module
 */

import type { SimulatedDay } from "../simulation/simulate.ts";
import type { Measured } from "./measured.ts";

/** What nobody can measure beforehand. Change it for another app, and reckon again. */
export const ASSUMPTIONS = {
  browsersAUser: 1.2,
  loginsAUser: 0.05,
  sessionsADailyUser: 7,
  checkpointMinutes: 5,
  busyShare: 0.5,
  eventDays: 180,
} as const;

export const ASSUMPTIONS_SAY: Readonly<Record<keyof typeof ASSUMPTIONS, string>> = {
  browsersAUser: "browsers with which a daily user comes on one day",
  loginsAUser: "logins of a daily user on one day: most stay signed in for weeks",
  sessionsADailyUser:
    "rows in `sessions` for each daily user: three people a month for each one a day, some two sessions each, dead ones included",
  checkpointMinutes: "minutes between two checkpoints: PostgreSQL's default",
  busyShare: "share of the cores that may be busy in the busiest quarter of an hour",
  eventDays: "days that `purge_sessions` keeps an event by default",
};

export interface Reckoning {
  readonly dailyUsers: number;
  readonly invocations: number;
  readonly transactions: number;
  readonly writes: number;
  readonly peakRequestsPerSecond: number;
  readonly peakWritesPerSecond: number;
  /** Cores of the database that the busiest time keeps busy. */
  readonly databaseCores: number;
  readonly functionCores: number;
  /** Connections in use at once in the busiest time, on average. */
  readonly busyConnections: number;
  readonly sessions: number;
  readonly sessionGb: number;
  readonly events: number;
  readonly eventGbADay: number;
  readonly eventGb: number;
  readonly walGbADay: number;
  readonly compressedWalGbADay: number;
}

const SECONDS_A_DAY = 86_400;
const GB = 1e9;

export function reckon(
  dailyUsers: number,
  { day, measured, assumptions = ASSUMPTIONS }: {
    readonly day: Pick<SimulatedDay, "average" | "peakFactor">;
    readonly measured: Measured;
    readonly assumptions?: { readonly [Name in keyof typeof ASSUMPTIONS]: number };
  },
): Reckoning {
  const browsers = dailyUsers * assumptions.browsersAUser;
  const logins = dailyUsers * assumptions.loginsAUser;
  const { average, peakFactor } = day;
  const validates = browsers * (average.validates - average.autoRefreshes);
  const writingValidates = browsers * average.writingValidates;
  const readingValidates = validates - writingValidates;
  const refreshes = browsers * average.refreshes;
  const autoRefreshes = browsers * average.autoRefreshes;
  const rotations = refreshes + autoRefreshes;

  const invocations = validates + rotations + logins;
  const transactions = invocations + logins; // a login asks the throttle first
  const writes = rotations + writingValidates + logins;
  const atPeak = (perDay: number): number => perDay / SECONDS_A_DAY * peakFactor;
  const { readingValidate, writingValidate, refresh, functionCpuUs } = measured;
  const sum = (cost: "databaseCpuUs" | "databaseMs"): number =>
    readingValidates * readingValidate[cost] + writingValidates * writingValidate[cost] +
    (rotations + logins) * refresh[cost]; // a login writes as much as a refresh
  const functionUs = validates * functionCpuUs.validate + refreshes * functionCpuUs.refresh +
    autoRefreshes * functionCpuUs.autoRefresh + logins * functionCpuUs.login;

  const sessions = dailyUsers * assumptions.sessionsADailyUser;
  const events = rotations + logins;
  const fullPages = fullPagesADay(writes, {
    pages: sessions / measured.sessionsAPage,
    checkpointMinutes: assumptions.checkpointMinutes,
  });
  const wal = (fullPageBytes: number): number =>
    (rotations + logins) * refresh.walBytes + writingValidates * writingValidate.walBytes +
    fullPages * fullPageBytes;

  return {
    dailyUsers,
    invocations,
    transactions,
    writes,
    peakRequestsPerSecond: atPeak(invocations),
    peakWritesPerSecond: atPeak(writes),
    databaseCores: atPeak(sum("databaseCpuUs")) / 1e6,
    functionCores: atPeak(functionUs) / 1e6,
    busyConnections: atPeak(sum("databaseMs")) / 1000,
    sessions,
    sessionGb: sessions * measured.sessionBytes / GB,
    events,
    eventGbADay: events * measured.eventBytes / GB,
    eventGb: events * measured.eventBytes * assumptions.eventDays / GB,
    walGbADay: wal(measured.fullPageBytes) / GB,
    compressedWalGbADay: wal(measured.compressedFullPageBytes) / GB,
  };
}

/**
 * Pages of the table that are changed for the first time since a checkpoint: with many sessions nearly
 * every write finds another page, with few the same pages again and again.
 */
export function fullPagesADay(
  writesADay: number,
  { pages, checkpointMinutes }: { readonly pages: number; readonly checkpointMinutes: number },
): number {
  const checkpoints = 24 * 60 / checkpointMinutes;
  const between = writesADay / checkpoints;
  return checkpoints * pages * -Math.expm1(-between / pages);
}
