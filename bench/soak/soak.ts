/**
 * A soak: honest browsers, thieves and floods of bad inputs at once, while everything around them
 * fails. Answers its figures; a promise that was broken is among them.
 *
 * @module
 */

import { hashRefreshToken } from "../../supabase/functions/_shared/tokens/refresh_token.ts";
import type { RawRefreshToken } from "../../supabase/functions/_shared/brands.ts";
import { flood } from "./bad_inputs.ts";
import { type HonestBrowser, liveHonestly, STAYS_SIGNED_IN, takeLeave } from "./honest.ts";
import { disturbMachines, disturbNetwork } from "./injector.ts";
import { type Breach, type Counts, createLedger } from "./ledger.ts";
import { openStage, type Stage } from "./stage.ts";
import { steal } from "./thieves.ts";

export interface SoakOptions {
  readonly seed: number;
  /** After so long nothing new begins. */
  readonly seconds: number;
  readonly browsers: number;
  readonly thieves: number;
  readonly floods: number;
}

export interface Figures extends SoakOptions {
  readonly requests: Counts;
  /** The tries before an answer: a status, or `lost`. */
  readonly deferred: Counts;
  /** The dependencies that did not answer the functions, and why, as their log says. */
  readonly outages: Counts;
  /** The database's audit events. */
  readonly events: Counts;
  /** Those of the network count requests that met one, those of machines count themselves. */
  readonly faults: Counts;
  readonly sessionsHeld: number;
  readonly sessionsLost: number;
  readonly honestLogouts: number;
  readonly theftsStarted: number;
  readonly theftsFound: number;
  /** From bound sessions: what was tried, and what thieves were answered. */
  readonly boundThefts: Counts;
  readonly badInputs: Counts;
  readonly badInputsRefused: number;
  readonly breaches: readonly Breach[];
}

/** Plays one soak to its end. Loopback only. */
export async function soak(options: SoakOptions): Promise<Figures> {
  const ledger = createLedger();
  await using stage = await openStage({ ...options, ledger });
  const many = async <Result>(
    count: number,
    name: string,
    live: (name: string) => Promise<Result>,
  ) =>
    (await Promise.all(
      Array.from({ length: count }, (_, index) => watched(stage, `${name} ${index + 1}`, live)),
    )).flat();

  const [browsers] = await Promise.all([
    many(options.browsers, "browser", (name) => liveHonestly(stage, name)),
    many(options.thieves, "thief", (name) => steal(stage, name)),
    many(options.floods, "flood", (name) => flood(stage, name)),
    many(1, "network", () => disturbNetwork(stage)),
    many(1, "machines", () => disturbMachines(stage)),
  ]);
  await Promise.all(browsers.map(takeLeave));
  const sessionsLost = await countLost(stage, browsers);

  return {
    ...options,
    requests: { ...ledger.of("requests"), "bad inputs": ledger.sum("bad inputs") },
    deferred: ledger.of("deferred"),
    outages: ledger.of("outages"),
    events: await readEvents(stage),
    faults: ledger.of("faults"),
    sessionsHeld: browsers.length - sessionsLost,
    sessionsLost,
    honestLogouts: ledger.breaches.filter(({ promise }) => promise === STAYS_SIGNED_IN).length,
    theftsStarted: ledger.of("thefts")["started"] ?? 0,
    theftsFound: ledger.of("thefts")["found"] ?? 0,
    boundThefts: ledger.of("bound thefts"),
    badInputs: ledger.of("bad inputs"),
    badInputsRefused: ledger.of("bad inputs answered")["refused"] ?? 0,
    breaches: ledger.breaches,
  };
}

/** A browser that cannot go on is a broken promise, and no result; the others play to the end. */
async function watched<Result>(
  { ledger }: Stage,
  name: string,
  live: (name: string) => Promise<Result>,
): Promise<readonly Result[]> {
  try {
    return [await live(name)];
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
    ledger.breach("everybody is answered in the end", `${name}: ${reason}`);
    return [];
  }
}

/** A session is lost where its row has ended, or is not where its browser is. */
async function countLost(stage: Stage, browsers: readonly HonestBrowser[]): Promise<number> {
  const rows = await stage.query((sql) =>
    sql<{ id: string; hash: string }[]>`
      select s.id, encode(s.refresh_token_hash, 'hex') as hash
      from public.sessions as s
      where s.is_valid`
  );
  const hashes = new Map(rows.map(({ id, hash }) => [id, hash]));
  const lost = browsers.filter(({ browser, sessionId }) => {
    const held = hashRefreshToken((browser.refreshToken ?? "") as RawRefreshToken);
    return hashes.get(sessionId) !== new Uint8Array(held).toHex();
  });
  for (const { sessionId } of lost) stage.ledger.breach("no session is lost", sessionId);
  return lost.length;
}

async function readEvents(stage: Stage): Promise<Counts> {
  const rows = await stage.query((sql) =>
    sql<{ event: string; times: number }[]>`
      select e.event::text, count(*)::int as times
      from public.session_events as e group by 1 order by 2 desc`
  );
  return Object.fromEntries(rows.map(({ event, times }) => [event, times]));
}
