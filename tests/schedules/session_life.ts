/**
 * The life of one session, told as a schedule: who asks when. Lets time pass for everything that has an
 * age, the row in the database and the access tokens in every jar, and judges how the life went on.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import { SEED_USERS } from "../../local/seed_users.ts";
import type { TestStack } from "../../local/testing.ts";
import { backdateAccessToken } from "../http/access_token_forge.ts";
import { ageSession } from "../http/aging.ts";
import {
  ACCESS_COOKIE,
  type Browser,
  type BrowserOptions,
  openBrowser,
  viewOf,
} from "../http/browser.ts";

export const HOUR = 3600;

/** Where lives are led. */
export interface World {
  readonly stack: TestStack;
  /** One connection, already open: what a test leaves open would be a leak. */
  readonly sql: postgres.Sql;
}

export interface SessionLife {
  readonly sql: postgres.Sql;
  readonly sessionId: string;
  readonly owner: Browser;
  /** Lets time pass for the session and for whoever holds its cookies. */
  after(seconds: number): Promise<void>;
  /** Another jar with the cookies that this one holds now; it grows old with the session. */
  copyOf(browser: Browser, changes?: Partial<BrowserOptions>): Browser;
  /** What was written about the session since the schedule began. */
  events(): Promise<readonly string[]>;
}

/** How a session begins: `fresh` was just made, `confirmed` was rotated once and seen in use since. */
export type Beginning = "fresh" | "confirmed";

/** Signs in and lets an hour pass, so that the next thing to come is a refresh. */
export async function beginLife(
  { stack, sql }: World,
  beginning: Beginning,
): Promise<SessionLife> {
  const owner = openBrowser({ functionsUrl: stack.functionsUrl });
  const sessionId = (await owner.login(SEED_USERS.ada)).session.id;
  const jars = [owner];

  const after = async (seconds: number) => {
    await ageSession(sql, sessionId, seconds);
    await Promise.all(jars.map((jar) => backdate(jar, seconds, stack.environment)));
  };
  if (beginning === "confirmed") {
    await after(HOUR);
    viewOf(await owner.refresh());
    await after(120);
    viewOf(await owner.validate());
    assert.notEqual((await readSession(sql, sessionId)).confirmed_at, null);
  }
  await after(HOUR);

  const before = (await readEvents(sql, sessionId)).length;
  return {
    sql,
    sessionId,
    owner,
    after,
    copyOf(browser, changes) {
      const copy = browser.copy(changes);
      jars.push(copy);
      return copy;
    },
    events: async () => (await readEvents(sql, sessionId)).slice(before),
  };
}

/** The same session serves `browser` through the next hours, and nobody was suspected of anything. */
export async function assertLivesOn(life: SessionLife, browser = life.owner): Promise<void> {
  const { after, sql, sessionId } = life;
  for (const ask of [browser.validate, browser.refresh]) {
    await after(HOUR);
    const view = viewOf(await ask());
    assert.deepEqual([view.session.id, view.refreshed], [sessionId, true]);
    await after(90);
    assert.equal(viewOf(await browser.validate()).refreshed, false);
  }
  assert.equal((await readSession(sql, sessionId)).is_valid, true);
  const events = await life.events();
  assert.ok(!events.includes("reuse_detected") && !events.includes("key_compromise_suspected"));
  assert.deepEqual((await browser.logout()).body, { signed_out: true, sessions_ended: 1 });
}

export interface SessionState {
  readonly is_valid: boolean;
  readonly generation: number;
  readonly branch: number;
  readonly confirmed_at: Date | null;
  readonly revoked_reason: string | null;
}

export async function readSession(sql: postgres.Sql, sessionId: string): Promise<SessionState> {
  const [session] = await sql<SessionState[]>`
    select s.is_valid, s.generation, s.branch, s.confirmed_at, s.revoked_reason
    from public.sessions as s
    where s.id = ${sessionId}
  `;
  assert.ok(session);
  return session;
}

async function readEvents(sql: postgres.Sql, sessionId: string): Promise<readonly string[]> {
  const rows = await sql<{ event: string }[]>`
    select e.event from public.session_events as e where e.session_id = ${sessionId} order by e.id
  `;
  return rows.map(({ event }) => event);
}

async function backdate(
  { cookies, accessToken }: Browser,
  seconds: number,
  environment: TestStack["environment"],
): Promise<void> {
  if (accessToken === undefined) return;
  cookies.set(ACCESS_COOKIE, await backdateAccessToken(accessToken, { seconds, environment }));
}
