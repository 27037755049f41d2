import assert from "node:assert/strict";
import { sessionList } from "../../../supabase/functions/_shared/http/schemas.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { ACCESS_COOKIE, type Browser, CHROME, REFRESH_COOKIE, viewOf } from "./browser.ts";
import { openHttpFixture, type SignedIn } from "./fixture.ts";
import { changeUser } from "./people.ts";
import { assertRefused, assertSessionEnded } from "./refusal.ts";

const fixture = await openHttpFixture({ functions: ["unified-auth"] });
Deno.test.afterAll(() => fixture.close());

async function list(browser: Browser) {
  const answer = await browser.call("/unified-auth/sessions", { method: "GET" });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return sessionList.strict().parse(answer.body).sessions;
}

function end(browser: Browser, sessionId: string) {
  return browser.call(`/unified-auth/sessions/${sessionId}`, { method: "DELETE" });
}

/** Another browser of the same person. */
async function signInBeside({ person }: SignedIn, userAgent = CHROME) {
  const browser = fixture.openBrowser({ userAgent });
  const view = await browser.login(person);
  return { browser, sessionId: view.session.id };
}

Deno.test("a user sees their own live sessions and no others, the current one marked", async () => {
  const laptop = await fixture.signIn({ ip: "198.51.100.20" });
  const phone = await signInBeside(laptop);
  await ageSession(fixture.sql, phone.sessionId, 1);
  const gone = await signInBeside(laptop);
  await gone.browser.logout();
  await fixture.signIn();

  const seen = await list(laptop.browser);
  assert.deepEqual(
    seen.map(({ id, current, device }) => ({ id, current, device })),
    [
      { id: laptop.sessionId, current: true, device: "Firefox on Linux" },
      { id: phone.sessionId, current: false, device: "Chrome on Windows" },
    ],
  );
  assert.equal(seen[0]?.ip, "198.51.100.20");
  assert.doesNotMatch(JSON.stringify(seen), /Mozilla/);
});

Deno.test("a user ends another of their sessions, and its next call is answered so", async () => {
  const laptop = await fixture.signIn();
  const phone = await signInBeside(laptop);
  const answer = await end(laptop.browser, phone.sessionId.toUpperCase());
  assert.deepEqual([answer.status, answer.setCookies], [200, []]);
  assertSessionEnded(await phone.browser.validate(), "session_revoked");
  assertRefused(await end(laptop.browser, phone.sessionId), "not_found");
  assert.equal((await laptop.browser.validate()).status, 200);
});

Deno.test("to end the current session clears its cookies", async () => {
  const { browser, sessionId } = await fixture.signIn();
  const answer = await end(browser, sessionId);
  assert.deepEqual([answer.status, answer.setCookies.length], [200, 3]);
  assert.deepEqual([...browser.cookies.keys()], [], "the cookies are cleared");
});

Deno.test("another user's session is answered like one that does not exist", async () => {
  const [victim, attacker] = [await fixture.signIn(), await fixture.signIn()];
  const notOwn = await end(attacker.browser, victim.sessionId);
  const missing = await end(attacker.browser, crypto.randomUUID());
  assertRefused(notOwn, "not_found");
  assert.equal(notOwn.body["message"], missing.body["message"]);
  assert.equal((await victim.browser.validate()).status, 200);
});

Deno.test("a refresh cookie alone neither lists nor ends sessions", async () => {
  const { browser, sessionId } = await fixture.signIn();
  browser.cookies.delete(ACCESS_COOKIE);
  const listed = await browser.call("/unified-auth/sessions", { method: "GET" });
  assertRefused(listed, "access_token_missing");
  assertRefused(await end(browser, sessionId), "access_token_missing");
  assert.equal((await browser.validate()).status, 200);
});

Deno.test("logging out ends this session, the others, or all", async () => {
  const laptop = await fixture.signIn();
  const phone = await signInBeside(laptop);
  const tablet = await signInBeside(laptop);

  const others = await laptop.browser.logout("others");
  assert.deepEqual([others.body["sessions_ended"], others.setCookies], [2, []]);
  for (const { browser } of [phone, tablet]) {
    assertSessionEnded(await browser.validate(), "session_revoked");
  }
  assert.equal((await laptop.browser.validate()).status, 200);

  const again = await signInBeside(laptop);
  const local = await laptop.browser.logout();
  assert.deepEqual([local.body["sessions_ended"], local.setCookies.length], [1, 3]);
  assert.equal((await again.browser.validate()).status, 200);

  const third = await signInBeside(laptop);
  const global = await third.browser.logout("global");
  assert.deepEqual([global.body["sessions_ended"], global.setCookies.length], [2, 3]);
  assertSessionEnded(await again.browser.validate(), "session_revoked");
});

Deno.test("logging out works with the refresh cookie alone, and twice", async () => {
  const { browser, sessionId } = await fixture.signIn();
  const copy = browser.copy();
  copy.cookies.delete(ACCESS_COOKIE);
  assert.equal((await copy.logout()).body["sessions_ended"], 1);
  assert.equal((await fixture.readSession(sessionId))["revoked_reason"], "logout");
  const twice = await browser.logout();
  assert.deepEqual([twice.status, twice.body["sessions_ended"], twice.setCookies.length], [
    200,
    0,
    3,
  ]);
  const visitor = await fixture.openBrowser().logout();
  assert.deepEqual([visitor.status, visitor.body["sessions_ended"]], [200, 0]);
});

Deno.test("a dead session cannot end the others", async () => {
  const laptop = await fixture.signIn();
  const phone = await signInBeside(laptop);
  const stolen = phone.browser.copy();
  await phone.browser.logout();
  assertSessionEnded(await stolen.logout("others"), "session_revoked");
  assert.equal((await laptop.browser.validate()).status, 200);
});

Deno.test("a ban, a new password and a deletion end sessions at once", async () => {
  const changes = [
    [{ ban_duration: "24h" }, "user_banned"],
    [{ password: "swordfish-and-more" }, "session_revoked"],
    ["delete", "session_not_found"],
  ] as const;
  for (const [change, code] of changes) {
    const laptop = await fixture.signIn();
    const phone = await signInBeside(laptop);
    await changeUser(fixture, laptop.person, change);
    assertSessionEnded(await laptop.browser.validate(), code);
    assertSessionEnded(await phone.browser.refresh(), code);
  }
});

Deno.test("a change of anything else ends nothing, and is seen at the next validate", async () => {
  const { browser, person } = await fixture.signIn();
  await changeUser(fixture, person, { user_metadata: { theme: "dark" } });
  assert.deepEqual(viewOf(await browser.validate()).user.user_metadata, { theme: "dark" });
});

Deno.test("a ban that has run out lets the user sign in again, but brings no session back", async () => {
  const { browser, person } = await fixture.signIn();
  await changeUser(fixture, person, { ban_duration: "24h" });
  await changeUser(fixture, person, { ban_duration: "none" });
  assertSessionEnded(await browser.copy().validate(), "user_banned");
  assert.equal((await browser.login(person)).valid, true);
});

Deno.test("each token of a session that has expired is answered so", async () => {
  const { browser, sessionId } = await fixture.signIn();
  const [byAccess, byRefresh] = [browser.copy(), browser.copy()];
  byAccess.cookies.delete(REFRESH_COOKIE);
  byRefresh.cookies.delete(ACCESS_COOKIE);
  await ageSession(fixture.sql, sessionId, 30 * 86_400);
  for (const each of [byAccess, byRefresh]) {
    assertSessionEnded(await each.validate(), "session_expired");
  }
});
