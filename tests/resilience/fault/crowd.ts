/**
 * Many signed-in browsers at once, and what an honest one does when nothing answers: it keeps its
 * cookies and asks again, until somebody says yes or no.
 *
 * @module
 */

import assert from "node:assert/strict";
import { insertPerson } from "../../harness/people.ts";
import type postgres from "postgres";
import { hashRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import type { RawRefreshToken } from "../../../supabase/functions/_shared/brands.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { type Answer, type Browser, openBrowser } from "../../behaviour/http/browser.ts";
import { PASSWORD } from "../../behaviour/http/fixture.ts";

export interface Member {
  readonly browser: Browser;
  readonly sessionId: string;
}

const SESSIONS_A_PERSON = 5;

/** Signs in so many browsers, five a person, eight at a time. */
export async function signInCrowd(
  { functionsUrl, sql }: { readonly functionsUrl: string; readonly sql: postgres.Sql },
  count: number,
): Promise<readonly Member[]> {
  const people = await inLanes(
    8,
    Array.from({ length: Math.ceil(count / SESSIONS_A_PERSON) }),
    async () => {
      const id = crypto.randomUUID();
      const person = { id, email: `${id}@example.com`, password: PASSWORD };
      await insertPerson(sql, person);
      return person;
    },
  );
  const places = people.flatMap((person) =>
    Array.from({ length: SESSIONS_A_PERSON }, () => person)
  );
  return await inLanes(8, places.slice(0, count), async (person) => {
    const browser = openBrowser({ functionsUrl });
    return { browser, sessionId: (await browser.login(person)).session.id };
  });
}

/** Lets two hours pass, so that the next refresh rotates. Their access tokens are not touched. */
export async function ageCrowd(sql: postgres.Sql, crowd: readonly Member[]): Promise<void> {
  await inLanes(8, crowd, ({ sessionId }) => ageSession(sql, sessionId, 7_200));
}

/** Runs `work` for each item, so many at a time, and answers in the items' order. */
export async function inLanes<Item, Result>(
  lanes: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const runLane = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
  return results;
}

export interface Persistence {
  readonly answer: Answer;
  /** The tries before it: a status, or `lost` where no answer arrived whole. */
  readonly before: readonly (number | "lost")[];
}

const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 50;
/** Each pause is twice the one before, or a login whose answers are lost would be throttled as guessing. */
const LONGEST_PAUSE_MS = 1_000;
const ASKS_FOR_PATIENCE = new Set([429, 503]);

/**
 * Asks until there is an answer that is no outage, as a client does, only sooner. An answer that
 * broke off leaves the cookies as they were. An answer that says to wait does not count against its deadline.
 */
export async function askUntilAnswered(ask: () => Promise<Answer>): Promise<Persistence> {
  const before: (number | "lost")[] = [];
  let deadlineMs = performance.now() + PATIENCE_MS;
  while (performance.now() < deadlineMs) {
    const answer = await ask().catch(lostReply);
    if (answer && !ASKS_FOR_PATIENCE.has(answer.status)) return { answer, before };
    if (answer) assert.deepEqual(answer.setCookies, [], "who only has to wait lost a cookie");
    before.push(answer?.status ?? "lost");
    const orderedMs = answer?.status === 429
      ? Number(answer.headers.get("retry-after")) * 1_000
      : 0;
    deadlineMs += orderedMs;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (before.length - 1), LONGEST_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, Math.max(orderedMs, pauseMs)));
  }
  return assert.fail(`No answer, but ${before.slice(-5).join(", ")}`);
}

/** Each answer has its event; a try whose answer came too late may have one, too. */
export function assertEventOfEach(
  events: readonly unknown[],
  asked: readonly Persistence[],
): void {
  const tries = asked.flatMap(({ before }) => before);
  assert.ok(
    events.length >= asked.length && events.length <= asked.length + tries.length,
    `${events.length} events of ${asked.length} answers, after ${tries.length} tries: ${tries}`,
  );
}

/** Errors of `fetch` and of a body that breaks off; any other is a mistake of the test. */
export function lostReply(thrown: unknown): null {
  if (thrown instanceof TypeError || thrown instanceof SyntaxError) return null;
  throw thrown;
}

/** Every session lives, and what its browser holds is the one current token of its row. */
export async function assertHeldByRows(
  sql: postgres.Sql,
  crowd: readonly Member[],
  expected: { readonly generation: number },
): Promise<void> {
  const rows = await sql<SessionRow[]>`
    select s.id, s.is_valid, s.generation, s.branch, s.refresh_token_hash
    from public.sessions as s
    where s.id = any(${crowd.map(({ sessionId }) => sessionId)})`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { browser, sessionId } of crowd) {
    const held = hashRefreshToken((browser.refreshToken ?? "") as RawRefreshToken);
    assert.deepEqual({ ...byId.get(sessionId), refresh_token_hash: undefined }, {
      id: sessionId,
      is_valid: true,
      generation: expected.generation,
      branch: 0,
      refresh_token_hash: undefined,
    });
    assert.deepEqual(new Uint8Array(byId.get(sessionId)?.refresh_token_hash ?? []), held);
  }
}

interface SessionRow {
  readonly id: string;
  readonly is_valid: boolean;
  readonly generation: number;
  readonly branch: number;
  readonly refresh_token_hash: Uint8Array;
}

/** How often each outcome was written for these sessions since their logins. */
export async function countOutcomes(
  sql: postgres.Sql,
  crowd: readonly Member[],
): Promise<Readonly<Record<string, number>>> {
  const rows = await sql<{ outcome: string; times: number }[]>`
    select coalesce(e.detail ->> 'outcome', e.event::text) as outcome, count(*)::int as times
    from public.session_events as e
    where e.session_id = any(${crowd.map(({ sessionId }) => sessionId)}) and e.event <> 'login'
    group by 1`;
  return Object.fromEntries(rows.map(({ outcome, times }) => [outcome, times]));
}
