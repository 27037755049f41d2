import assert from "node:assert/strict";
import { graceView } from "../../../supabase/functions/_shared/http/schemas.ts";
import { backdateAccessToken } from "./access_token_forge.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { ACCESS_COOKIE, type Answer, type Browser, codeOf } from "./browser.ts";
import { openHttpFixture, type SignedIn } from "./fixture.ts";
import { assertCommonHeaders, assertRefused } from "./refusal.ts";

const TTL = 3600;
const GRACE = 12 * 3600;

const fixture = await openHttpFixture();
Deno.test.afterAll(() => fixture.close());

/** Asks with this browser's cookies. No answer may hold a cookie. */
async function ask(browser: Browser): Promise<Answer> {
  const answer = await browser.call("/validate-session", { body: {} });
  assert.deepEqual(answer.setCookies, []);
  return answer;
}

/** Asks as a server does for its visitor: the access token alone, in a header. */
async function askByBearer(token: string): Promise<Answer> {
  const answer = await fixture.openBrowser().call("/validate-session", {
    method: "GET",
    headers: { authorization: `Bearer ${token}` },
  });
  assert.deepEqual(answer.setCookies, []);
  return answer;
}

async function backdate({ browser }: SignedIn, seconds: number): Promise<string> {
  const { environment } = fixture.stack;
  return await backdateAccessToken(browser.accessToken ?? "", { seconds, environment });
}

function viewOf(answer: Answer) {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assertCommonHeaders(answer);
  return graceView.strict().parse(answer.body);
}

Deno.test("an unexpired token of a live session is active by cookie or Bearer, by GET or POST", async () => {
  const signedIn = await fixture.signIn();
  const { browser, sessionId, person } = signedIn;
  const authorization = `Bearer ${browser.accessToken}`;
  const answers = [
    await browser.call("/validate-session", { method: "GET" }),
    await browser.call("/validate-session"),
    await browser.call("/validate-session", { body: {} }),
    await fixture.openBrowser().call("/validate-session", { headers: { authorization } }),
    await askByBearer(browser.accessToken ?? ""),
  ];
  for (const answer of answers) {
    const { server_time, access_token_expires_at, ...view } = viewOf(answer);
    assert.deepEqual(view, {
      valid: true,
      status: "active",
      can_mutate: true,
      should_refresh: false,
      user_id: person.id,
      session_id: sessionId,
      user: signedIn.view.user,
      grace_ends_at: null,
    });
    const left = (Date.parse(access_token_expires_at) - Date.parse(server_time)) / 1000;
    assert.ok(left > TTL - 30 && left <= TTL, `${left} s`);
    assert.deepEqual(answer.setCookies, []);
  }
});

Deno.test("a token is active until it expires and in grace from then on", async () => {
  const signedIn = await fixture.signIn();
  assert.equal(viewOf(await askByBearer(await backdate(signedIn, TTL - 5))).status, "active");
  const late = viewOf(await askByBearer(await backdate(signedIn, TTL + 2)));
  assert.deepEqual({
    status: late.status,
    can_mutate: late.can_mutate,
    should_refresh: late.should_refresh,
  }, { status: "grace", can_mutate: false, should_refresh: true });
  const graceSeconds = Date.parse(late.grace_ends_at ?? "") -
    Date.parse(late.access_token_expires_at);
  assert.equal(graceSeconds, GRACE * 1000);
});

Deno.test("grace lasts until twelve hours after the expiry and not beyond", async () => {
  const signedIn = await fixture.signIn();
  assert.equal(
    viewOf(await askByBearer(await backdate(signedIn, TTL + GRACE - 5))).status,
    "grace",
  );
  const late = await askByBearer(await backdate(signedIn, TTL + GRACE + 1));
  assertRefused(late, "grace_window_elapsed");
  assert.equal(late.body["valid"], false);
  assert.equal((await fixture.readSession(signedIn.sessionId))["is_valid"], true);
});

Deno.test("grace never outlasts the session", async () => {
  const signedIn = await fixture.signIn();
  const { sql } = fixture;
  const token = await backdate(signedIn, TTL + 60);
  await sql`
    update public.sessions set refresh_token_expires_at = clock_timestamp() + interval '10 minutes'
    where id = ${signedIn.sessionId}`;
  const { refresh_token_expires_at } = await fixture.readSession(signedIn.sessionId);
  assert.equal(viewOf(await askByBearer(token)).grace_ends_at, iso(refresh_token_expires_at));

  await sql`
    update public.sessions set refresh_token_expires_at = clock_timestamp()
    where id = ${signedIn.sessionId}`;
  assertRefused(await askByBearer(token), "session_expired");
});

function iso(value: unknown): string {
  assert.ok(value instanceof Date);
  return value.toISOString();
}

Deno.test("a call rotates nothing and writes nothing but activity and confirmation", async () => {
  const { browser, sessionId } = await fixture.signIn();
  await ageSession(fixture.sql, sessionId, 3000);
  await browser.refresh();
  await ageSession(fixture.sql, sessionId, 400);
  const before = await fixture.readSession(sessionId);
  for (let times = 0; times < 3; times += 1) viewOf(await ask(browser));
  const after = await fixture.readSession(sessionId);

  const changed = Object.keys(after).filter((column) =>
    JSON.stringify(after[column]) !== JSON.stringify(before[column])
  );
  assert.deepEqual(changed.sort(), [
    "confirmed_at",
    "last_active_at",
    "successor_key_id",
    "successor_salt",
  ]);
});

Deno.test("a session that has ended is answered with its code and keeps its cookies", async (test) => {
  const rules: Readonly<Record<string, (signedIn: SignedIn) => Promise<unknown>>> = {
    session_revoked: ({ browser }) => browser.copy().logout(),
    session_expired: ({ sessionId }) => ageSession(fixture.sql, sessionId, 30 * 86_400),
    session_not_found: ({ sessionId }) =>
      fixture.sql`delete from public.sessions where id = ${sessionId}`,
    user_banned: ({ person }) =>
      fixture.sql`
        update auth.users set banned_until = now() + interval '1 hour' where id = ${person.id}`,
    session_evicted: async ({ person }) => {
      for (let logins = 0; logins < 5; logins += 1) await fixture.openBrowser().login(person);
    },
    refresh_token_already_used: async ({ browser, sessionId }) => {
      const [tab, thief] = [browser.copy(), browser.copy()];
      for (let rotations = 0; rotations < 2; rotations += 1) {
        await ageSession(fixture.sql, sessionId, 120);
        assert.equal((await tab.refresh()).status, 200);
      }
      assert.equal(codeOf(await thief.refresh()), "refresh_token_already_used");
    },
  };
  for (const [code, endSession] of Object.entries(rules)) {
    await test.step(code, async () => {
      const signedIn = await fixture.signIn();
      await endSession(signedIn);
      const answer = await ask(signedIn.browser);
      assert.deepEqual([answer.status, codeOf(answer)], [401, code]);
      assert.equal(answer.body["valid"], false);
      assert.ok(signedIn.browser.accessToken);
    });
  }
});

Deno.test("a deleted user's token is refused", async () => {
  const { browser, person } = await fixture.signIn();
  await fixture.sql`delete from auth.users where id = ${person.id}`;
  assertRefused(await ask(browser), "session_not_found");
});

Deno.test("a missing token and a malformed one have different codes", async () => {
  const visitor = fixture.openBrowser();
  assertRefused(await ask(visitor), "access_token_missing");
  for (const junk of ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."]) {
    const answer = await askByBearer(junk);
    assertRefused(answer, "access_token_invalid");
    assert.equal(answer.body["valid"], false);
  }
  visitor.cookies.set(ACCESS_COOKIE, "x");
  assertRefused(await ask(visitor), "access_token_invalid");
});

Deno.test("where only the refresh token could tell, a live session is stale and an ended one is not", async () => {
  const signedIn = await fixture.signIn();
  const { browser, sessionId } = signedIn;
  const token = browser.accessToken ?? "";
  const overdue = await backdate(signedIn, TTL + GRACE);
  const answerTo = async (accessToken: string | null) => {
    if (accessToken === null) browser.cookies.delete(ACCESS_COOKIE);
    else browser.cookies.set(ACCESS_COOKIE, accessToken);
    const { status, body } = await ask(browser);
    const { code, status: standing, should_refresh, valid } = body as Record<string, unknown>;
    return { status, code, standing, should_refresh, valid };
  };
  const stale = { status: 401, standing: "stale", should_refresh: true, valid: false };
  assert.deepEqual(await answerTo(null), { ...stale, code: "access_token_missing" });
  assert.deepEqual(await answerTo("broken"), { ...stale, code: "access_token_invalid" });
  assert.deepEqual(await answerTo(overdue), { ...stale, code: "grace_window_elapsed" });

  const before = await fixture.readSession(sessionId);
  assert.equal(before["generation"], 1, "nothing was rotated");
  await fixture.sql`select public.revoke_user_sessions(
    p_user_id => ${signedIn.person.id}, p_scope => 'global', p_context => row(null, null, null))`;
  const ended = { status: 401, standing: undefined, should_refresh: undefined, valid: false };
  assert.deepEqual(await answerTo(null), { ...ended, code: "access_token_missing" });
  assert.deepEqual(await answerTo("broken"), { ...ended, code: "access_token_invalid" });
  assert.deepEqual(await answerTo(overdue), { ...ended, code: "grace_window_elapsed" });
  assert.deepEqual(await answerTo(token), { ...ended, code: "session_revoked" });
});

Deno.test("a user whose access token says it all is answered in grace too", async () => {
  const signedIn = await fixture.signIn();
  const late = viewOf(await askByBearer(await backdate(signedIn, TTL + 2)));
  assert.deepEqual(late.user, signedIn.view.user);
  assert.equal(late.access_token, undefined);
});
