/**
 * The life of one session as a schedule: who sends a request when. Lets time pass for everything that has an
 * age, the row in the database, the access tokens and the challenges in every jar, and judges how the
 * life went on.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { backdateAccessToken } from "../../behaviour/http/access_token_forge.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { readEvents } from "../../harness/session_tables.ts";
import {
  ACCESS_COOKIE,
  type Browser,
  type BrowserOptions,
  openBrowser,
  viewOf,
} from "../../behaviour/http/browser.ts";
import { createProofKey } from "../../behaviour/http/proof_key.ts";
import type { ScheduleFixture } from "./schedule_fixture.ts";

export const HOUR = 3600;
export const DAY = 24 * HOUR;

/**
 * Whether the owner's browser has a key: never; from the schedule's first refresh on, as after a login
 * by redirect; or since its login.
 */
export type Binding = "unbound" | "first key" | "bound";
export const BINDINGS: readonly Binding[] = ["unbound", "first key", "bound"];

/** How a session begins: `fresh` was just made, `confirmed` was rotated once and seen in use since. */
export type Beginning = "fresh" | "confirmed";

export interface SessionLife {
  readonly fixture: ScheduleFixture;
  readonly sql: postgres.Sql;
  readonly sessionId: string;
  readonly binding: Binding;
  readonly owner: Browser;
  /** Lets time pass for the session and for everybody who holds its cookies. */
  after(seconds: number): Promise<void>;
  /** Another jar with the cookies that this one holds now; it grows old with the session. */
  copyOf(browser: Browser, changes?: Partial<BrowserOptions>): Browser;
  /** The session's audit events since the schedule began. */
  events(): Promise<readonly string[]>;
}

/** Signs in and lets an hour pass, so that the next thing to come is a refresh. */
export async function beginLife(
  fixture: ScheduleFixture,
  { beginning = "confirmed", binding }: {
    /** @default {"confirmed"} */
    readonly beginning?: Beginning;
    readonly binding: Binding;
  },
): Promise<SessionLife> {
  const { stack, sql } = fixture;
  const owner = openBrowser({
    functionsUrl: stack.functionsUrl,
    key: binding === "bound" ? await createProofKey() : null,
  });
  // All schedules are of one account, which may sign in 120 times an hour.
  await sql`delete from unified_auth.login_throttle where true`;
  const sessionId = (await owner.login(SEED_USERS.ada)).session.id;
  const jars = [owner];

  const after = async (seconds: number) => {
    await ageSession(sql, sessionId, seconds);
    for (const jar of jars) await backdate(jar, { seconds, fixture });
  };
  if (beginning === "confirmed") {
    await after(HOUR);
    viewOf(await owner.refresh());
    await after(120);
    viewOf(await owner.validate());
    const { confirmed_at } = await readSession(sql, sessionId);
    assert.equal(confirmed_at === null, binding === "bound", "a key stands for a confirmation");
  }
  await after(HOUR);
  if (binding === "first key") owner.key = await createProofKey();

  const before = (await readEvents(sql, sessionId)).length;
  return {
    fixture,
    sql,
    sessionId,
    binding,
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
  const { after, sql, sessionId, binding } = life;
  for (const ask of [browser.validate, browser.refresh]) {
    await after(HOUR);
    const { session, refreshed } = viewOf(await ask());
    assert.deepEqual({ id: session.id, refreshed, bound: session.bound }, {
      id: sessionId,
      refreshed: true,
      bound: binding !== "unbound",
    });
    await after(90);
    assert.equal(viewOf(await browser.validate()).refreshed, false);
  }
  assert.equal((await readSession(sql, sessionId)).is_valid, true);
  const events = await life.events();
  assert.ok(!events.includes("reuse_detected") && !events.includes("key_compromise_suspected"));
  assert.deepEqual((await browser.logout()).body, { signed_out: true, sessions_ended: 1 });
}

/** Ended as stolen, with one alarm. */
export async function assertEndedAsStolen(life: SessionLife): Promise<void> {
  const { is_valid, revoked_reason } = await readSession(life.sql, life.sessionId);
  assert.deepEqual({ is_valid, revoked_reason }, { is_valid: false, revoked_reason: "reused" });
  assert.equal((await life.events()).filter((event) => event === "reuse_detected").length, 1);
}

export interface SessionState {
  readonly is_valid: boolean;
  readonly generation: number;
  readonly branch: number;
  readonly confirmed_at: Date | null;
  readonly revoked_reason: string | null;
  readonly key_thumbprint: string | null;
}

export async function readSession(sql: postgres.Sql, sessionId: string): Promise<SessionState> {
  const [session] = await sql<SessionState[]>`
    select
      s.is_valid, s.generation, s.branch, s.confirmed_at, s.revoked_reason,
      encode(s.key_thumbprint, 'hex') as key_thumbprint
    from public.sessions as s
    where s.id = ${sessionId}
  `;
  assert.ok(session);
  return session;
}

async function backdate(
  jar: Browser,
  { seconds, fixture: { stack: { environment }, forge } }: {
    readonly seconds: number;
    readonly fixture: ScheduleFixture;
  },
): Promise<void> {
  if (jar.challenge !== null) jar.challenge = forge.backdate(jar.challenge, seconds);
  if (jar.accessToken === undefined) return;
  jar.cookies.set(
    ACCESS_COOKIE,
    await backdateAccessToken(jar.accessToken, { seconds, environment }),
  );
}
