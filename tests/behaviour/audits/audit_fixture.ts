/**
 * A project in which everything has happened that an audit looks for: people sign in, are evicted, guess
 * passwords, lose replies, are robbed. All of it through the functions; only time is moved, by SQL.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import type { TestServer, TestStack } from "../../../local/testing/test_server.ts";
import { writeComposite } from "../../../supabase/functions/_shared/store/postgres/composites.ts";
import { toBytea } from "../../../supabase/functions/_shared/store/bytea.ts";
import { POLICY_ARGUMENT } from "../sql/sql_sessions.ts";
import { hashRefreshToken } from "./token_hash.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { type Browser, CHROME, codeOf, FIREFOX, openBrowser, viewOf } from "../http/browser.ts";

export const THIEF = "Mozilla/5.0 (Macintosh) Thief/1.0";

const HOUR = 3600;

/** The ids that the tests compare the audits with. */
export interface AuditFixture extends AsyncDisposable {
  readonly stack: TestStack;
  readonly sql: postgres.Sql;
  readonly sessions: {
    /** Ada's in Firefox: refreshed, replayed and reissued, live. */
    readonly saved: string;
    /** Ada's in Chrome: its access token has expired, its refresh token has not. */
    readonly asleep: string;
    /** Grace's first: copied, and ended for it. */
    readonly robbed: string;
    /** Grace's: signed out after an hour, then used again. */
    readonly loggedOut: string;
    /** Mary's first of six. */
    readonly evicted: string;
    /** Linus's: nobody used it for 31 days, and then somebody with a copy did. */
    readonly expired: string;
    /** Linus's: a token with a good tag and a hash that was never issued was shown for it. */
    readonly forged: string;
  };
}

export async function makeAuditFixture(server: TestServer): Promise<AuditFixture> {
  const stack = await server.startStack();
  const sql = stack.database.connect();
  try {
    return {
      stack,
      sql,
      sessions: {
        saved: await saveSomebody(stack, sql),
        asleep: await fallAsleep(stack, sql),
        robbed: await robSomebody(stack, sql),
        loggedOut: await useAfterLogout(stack, sql),
        evicted: await signInSixTimes(stack),
        ...await leaveAndForge(stack, sql),
      },
      [Symbol.asyncDispose]: () => stack.stop(),
    };
  } catch (thrown: unknown) {
    await stack.stop();
    throw thrown;
  }
}

/** One plain refresh, one replay to a second tab, one reissue after a lost reply. */
async function saveSomebody(stack: TestStack, sql: postgres.Sql): Promise<string> {
  const browser = openBrowser({ ...stack, userAgent: FIREFOX, ip: "198.51.100.1" });
  const { session } = await browser.login(SEED_USERS.ada);
  await ageSession(sql, session.id, HOUR);
  const secondTab = browser.copy();
  assert.equal(viewOf(await browser.refresh()).session.generation, 2);
  assert.equal(viewOf(await secondTab.refresh()).session.generation, 2);
  assert.equal(secondTab.refreshToken, browser.refreshToken);

  await ageSession(sql, session.id, HOUR);
  const lost = await browser.refresh({ lost: true });
  assert.equal(lost.status, 200);
  await ageSession(sql, session.id, 2 * HOUR);
  assert.equal(viewOf(await browser.refresh()).session.generation, 3);
  return session.id;
}

async function fallAsleep(stack: TestStack, sql: postgres.Sql): Promise<string> {
  const browser = openBrowser({ ...stack, userAgent: CHROME, ip: "198.51.100.2" });
  const { session } = await browser.login(SEED_USERS.ada);
  await ageSession(sql, session.id, 2 * HOUR);
  return session.id;
}

async function robSomebody(stack: TestStack, sql: postgres.Sql): Promise<string> {
  const browser = openBrowser({ ...stack, userAgent: FIREFOX, ip: "198.51.100.3" });
  const { session } = await browser.login(SEED_USERS.grace);
  const thief = browser.copy({ userAgent: THIEF, ip: "203.0.113.66" });
  for (const _ of [1, 2]) {
    await ageSession(sql, session.id, HOUR);
    viewOf(await browser.refresh());
  }
  assert.equal(codeOf(await thief.refresh()), "refresh_token_already_used");
  return session.id;
}

async function useAfterLogout(stack: TestStack, sql: postgres.Sql): Promise<string> {
  const browser = openBrowser({ ...stack, userAgent: CHROME, ip: "198.51.100.4" });
  const { session } = await browser.login(SEED_USERS.grace);
  const copy = browser.copy({ userAgent: THIEF });
  await ageSession(sql, session.id, HOUR);
  assert.equal((await browser.logout()).status, 200);
  assert.equal(codeOf(await copy.refresh()), "session_revoked");
  return session.id;
}

async function signInSixTimes(stack: TestStack): Promise<string> {
  const mary = { email: "mary@example.com", password: "correct-horse-battery-staple" };
  await stack.createUser(mary);
  const guesser = openBrowser({ ...stack, ip: "203.0.113.7" });
  for (const email of [mary.email, mary.email, "nobody@example.com"]) {
    const answer = await guesser.call("/unified-auth/login", { body: { email, password: "no" } });
    assert.equal(codeOf(answer), "invalid_credentials");
  }
  const ids: string[] = [];
  for (const number of [1, 2, 3, 4, 5, 6]) {
    const browser: Browser = openBrowser({ ...stack, userAgent: `Browser/${number}` });
    ids.push((await browser.login(mary)).session.id);
  }
  const [first] = ids;
  assert.ok(first);
  return first;
}

/** The forged token is presented to the SQL function: nobody without the key could make it. */
async function leaveAndForge(
  stack: TestStack,
  sql: postgres.Sql,
): Promise<{ expired: string; forged: string }> {
  const linus = { email: "linus@example.com", password: "correct-horse-battery-staple" };
  await stack.createUser(linus);
  const left = openBrowser({ ...stack, userAgent: FIREFOX });
  const expired = (await left.login(linus)).session.id;
  const copy = left.copy({ userAgent: THIEF });
  await ageSession(sql, expired, 31 * 24 * HOUR);
  assert.equal(codeOf(await copy.refresh()), "session_expired");
  const forged = (await openBrowser({ ...stack, userAgent: CHROME }).login(linus)).session.id;
  const presented = writeComposite("presented_refresh_token", {
    session_id: forged,
    generation: 1,
    branch: 0,
    hash: toBytea(hashRefreshToken("forged")),
  });
  const policy = writeComposite("session_policy", POLICY_ARGUMENT);
  const context = writeComposite("request_context", { user_agent: THIEF, request_id: "request" });
  const asService = stack.database.connectAs("service_role", { max: 1 });
  const [row] = await asService<{ outcome: string }[]>`
    select (public.rotate_session(
      ${presented}::public.presented_refresh_token, null, null,
      ${policy}::public.session_policy, 'refresh', ${context}::public.request_context
    )).outcome`;
  assert.equal(row?.outcome, "key_compromise_suspected");
  return { expired, forged };
}
