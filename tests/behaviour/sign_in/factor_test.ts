import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { totpCode } from "../../../local/platform/auth/totp.ts";
import { type Answer, codeOf, viewOf } from "../http/browser.ts";
import { countIdentitySessions } from "../http/people.ts";
import { assertRefused } from "../http/refusal.ts";
import { openSignInFixture, sessionsIn, WRONG_CODE } from "./sign_in_fixture.ts";

const fixture = await openSignInFixture();
Deno.test.afterAll(() => fixture.close());

const { sql, post, put, visit, passProvider, lastMessage } = fixture;
const NEW_PASSWORD = "another-horse-battery-staple";

function assertFactorWanted(answer: Answer, id: string): void {
  assert.equal(answer.status, 403, JSON.stringify(answer.body));
  assert.equal(answer.body["code"], "mfa_required");
  assert.deepEqual(answer.body["factors"], [{ id, type: "totp", friendly_name: "App" }]);
  const [pending = "", ...others] = answer.setCookies.filter((line) => !/Max-Age=0/.test(line));
  assert.match(
    pending,
    /^__Host-sign_in_pending=.*Max-Age=300; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  assert.deepEqual(others, []);
}

async function createPersonWithTotp() {
  const person = await fixture.createPerson();
  return { person, app: await fixture.addTotp(person) };
}

async function beginLogin() {
  const { person, app } = await createPersonWithTotp();
  const browser = fixture.openBrowser();
  const { email, password } = person;
  const answer = await post(browser, "/login", { email, password, device_name: "Lab" });
  return { person, app, browser, answer };
}

Deno.test("a password login of a user with a factor ends at aal2, and leaves nothing behind", async () => {
  const { person, app, browser, answer } = await beginLogin();
  assertFactorWanted(answer, app.id);
  assert.equal(browser.refreshToken, undefined);
  const { session, user } = viewOf(
    await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() }),
  );
  assert.deepEqual([user.id, session.aal], [person.id, "aal2"]);
  assert.match(JSON.stringify((await fixture.readSession(session.id))["amr"]), /totp/);
  assert.equal(await countIdentitySessions(fixture, person), 0);
  assert.ok(!browser.cookies.has("__Host-sign_in_pending"));
});

Deno.test("nothing of Supabase Auth's session reaches a script", async () => {
  const { browser, answer } = await beginLogin();
  assert.doesNotMatch(JSON.stringify(answer.body), /eyJ|refresh_token|access_token/);
  const listed = await post(browser, "/mfa/challenge", {});
  assert.doesNotMatch(JSON.stringify(listed.body), /eyJ/);
  const sealed = browser.cookies.get("__Host-sign_in_pending") ?? "";
  assert.doesNotMatch(sealed, /eyJ/);
  assert.doesNotMatch(atob(sealed.slice(2).replaceAll("-", "+").replaceAll("_", "/")), /eyJ|aal1/);
});

// Trap 9.
Deno.test("a factor that was never verified is not asked for", async () => {
  const person = await fixture.createPerson();
  await sql`
    insert into auth.mfa_factors (
      id, user_id, friendly_name, factor_type, status, secret, created_at, updated_at
    ) values (gen_random_uuid(), ${person.id}, '', 'totp', 'unverified', 'x', now(), now())`;
  await fixture.openBrowser().login(person);
});

Deno.test("every way in asks for the factor: OAuth, a mail, a recovery", async () => {
  const { person, app } = await createPersonWithTotp();
  const { email } = person;

  const byProvider = fixture.openBrowser();
  const start = await visit(byProvider, "/authorize?provider=keycloak&return_to=/page");
  const end = await visit(byProvider, await passProvider(start, person));
  assert.match(end.location, /\/page\?auth_error=mfa_required$/);
  const { body } = await post(byProvider, "/mfa/challenge", {});
  assert.deepEqual(body["factors"], [{ id: app.id, type: "totp", friendly_name: "App" }]);
  viewOf(await post(byProvider, "/mfa/verify", { factor_id: app.id, code: app.code() }));

  const byMail = fixture.openBrowser();
  await post(byMail, "/otp", { email });
  const { token } = lastMessage(email);
  assertFactorWanted(await post(byMail, "/verify", { email, token }), app.id);
  viewOf(await post(byMail, "/mfa/verify", { factor_id: app.id, code: app.code() }));

  const recovering = fixture.openBrowser();
  await post(recovering, "/recover", { email });
  const redeem = { token_hash: lastMessage(email).tokenHash, type: "recovery" };
  assertFactorWanted(await post(recovering, "/verify", redeem), app.id);
  const early = await put(recovering, "/password", { password: NEW_PASSWORD });
  assert.notEqual(early.status, 200);
  const passed = await post(recovering, "/mfa/verify", { factor_id: app.id, code: app.code() });
  assert.deepEqual([passed.status, passed.body["status"]], [202, "password_required"]);
  const { session } = viewOf(await put(recovering, "/password", { password: NEW_PASSWORD }));
  assert.equal(session.aal, "aal2");
  const amr = JSON.stringify((await fixture.readSession(session.id))["amr"]);
  assert.match(amr, /"recovery"/);
  assert.match(amr, /"totp"/);
});

Deno.test("a code that was accepted once is not accepted again", async () => {
  const { app, browser, person } = await beginLogin();
  const code = app.code();
  viewOf(await post(browser, "/mfa/verify", { factor_id: app.id, code }));
  const thief = fixture.openBrowser();
  await post(thief, "/login", { email: person.email, password: person.password });
  const answer = await post(thief, "/mfa/verify", { factor_id: app.id, code });
  assertRefused(answer, "mfa_verification_failed");
});

Deno.test("one code, six times at once, opens one session", async () => {
  const { app, browser } = await beginLogin();
  const code = app.code();
  const answers = await Promise.all(
    Array.from(
      { length: 6 },
      () => post(browser.copy(), "/mfa/verify", { factor_id: app.id, code }),
    ),
  );
  assert.equal(sessionsIn(answers).size, 1);
});

Deno.test("a factor that is guessed ten times makes the guesser wait, and its owner's code is still good", async () => {
  const { app, browser, person } = await beginLogin();
  const guesses: Answer[] = [];
  for (let tries = 0; tries < 10; tries += 1) {
    const code = String(100_000 + tries);
    guesses.push(await post(browser, "/mfa/verify", { factor_id: app.id, code }));
  }
  const statuses = guesses.map(({ status }) => status);
  assert.deepEqual(statuses.slice(0, 6), [422, 422, 422, 422, 422, 422]);
  assert.ok(statuses.slice(6).every((status) => status === 429), String(statuses));
  assert.ok(Number(guesses.at(-1)?.headers.get("retry-after")) >= 1);
  const otherBrowser = fixture.openBrowser();
  const { email, password } = person;
  assertFactorWanted(await post(otherBrowser, "/login", { email, password }), app.id);
  viewOf(await post(otherBrowser, "/mfa/verify", { factor_id: app.id, code: app.code() }));
});

Deno.test("a half-done sign-in belongs to one browser, one factor and five minutes", async () => {
  const { app, browser } = await beginLogin();
  const other = await beginLogin();
  const verify = { factor_id: app.id, code: WRONG_CODE };
  assertRefused(await post(fixture.openBrowser(), "/mfa/verify", verify), "flow_state_not_found");
  assertRefused(await post(other.browser, "/mfa/verify", verify), "mfa_factor_not_found");
  assertRefused(
    await post(other.browser, "/mfa/challenge", { factor_id: app.id }),
    "mfa_factor_not_found",
  );
  assertRefused(await post(browser, "/verify", { consent: true }), "flow_state_not_found");
});

Deno.test("a finished half-done sign-in cannot be finished again with a copy of its cookie", async () => {
  const { app, browser } = await beginLogin();
  const copy = browser.copy();
  viewOf(await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() }));
  const answer = await post(copy, "/mfa/verify", { factor_id: app.id, code: app.code() });
  assert.equal(codeOf(answer), "flow_state_expired");
  assert.ok(!copy.cookies.has("__Host-sign_in_pending"));
});

// Trap 8.
Deno.test("a phone's code is verified from the address that asked for it, wherever the browser is now", async () => {
  const person = await fixture.createPerson();
  const id = crypto.randomUUID();
  await sql`
    insert into auth.mfa_factors (
      id, user_id, friendly_name, factor_type, status, secret, phone, created_at, updated_at
    ) values (${id}, ${person.id}, 'Phone', 'phone', 'verified', '', '4915550042', now(), now())`;
  const browser = fixture.openBrowser();
  const { email, password } = person;
  await post(browser, "/login", { email, password });
  const early = await post(browser, "/mfa/verify", { factor_id: id, code: WRONG_CODE });
  assertRefused(early, "mfa_challenge_expired");
  const challenge = await post(browser, "/mfa/challenge", { factor_id: id });
  assert.deepEqual(challenge.body, {
    factors: [{ id, type: "phone", friendly_name: "Phone" }],
    sent: true,
  });
  const { token } = lastMessage("+4915550042");
  const onTheTrain = browser.copy({ ip: "203.0.113.77" });
  const { session } = viewOf(
    await post(onTheTrain, "/mfa/verify", { factor_id: id, code: token }),
  );
  assert.equal(session.aal, "aal2");
});

Deno.test("WebAuthn as a second factor is listed and refused by name, and another factor does instead", async () => {
  const { person, app } = await createPersonWithTotp();
  const id = crypto.randomUUID();
  await sql`
    insert into auth.mfa_factors (
      id, user_id, friendly_name, factor_type, status, secret, created_at, updated_at
    ) values (${id}, ${person.id}, 'Key', 'webauthn', 'verified', '', now(), now())`;
  const browser = fixture.openBrowser();
  const { email, password } = person;
  const answer = await post(browser, "/login", { email, password });
  const factors = answer.body["factors"] as readonly { id: string; type: string }[];
  assert.deepEqual(factors.map(({ type }) => type).toSorted(), ["totp", "webauthn"]);
  for (let tries = 0; tries < 8; tries += 1) { // more than wrong codes would be let through
    const verified = await post(browser, "/mfa/verify", { factor_id: id, code: WRONG_CODE });
    assertRefused(verified, "mfa_factor_not_supported");
  }
  const challenge = await post(browser, "/mfa/challenge", { factor_id: id });
  assertRefused(challenge, "mfa_factor_not_supported");
  viewOf(await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() }));
});

Deno.test("a factor is enrolled behind a recent sign-in, and its first code makes the session aal2", async () => {
  const { person, browser, sessionId } = await fixture.signIn();
  const enroll = { factor_type: "totp", friendly_name: "Mine" };
  const enrolled = await post(browser, "/mfa/factors", enroll);
  assert.equal(enrolled.status, 200, JSON.stringify(enrolled.body));
  const { factor, totp } = enrolled.body as {
    factor: { id: string };
    totp: { secret: string; uri: string };
  };
  assert.match(totp.uri, /^otpauth:/);
  const code = totpCode(totp.secret, Date.now());
  const { session } = viewOf(await post(browser, "/mfa/verify", { factor_id: factor.id, code }));
  assert.equal(session.aal, "aal2");
  assert.equal((await fixture.readSession(sessionId))["revoked_reason"], "replaced");
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a signed-in user's factors are listed, verified or not, and nobody else's", async () => {
  const { person, app } = await createPersonWithTotp();
  const browser = fixture.openBrowser();
  await post(browser, "/login", { email: person.email, password: person.password });
  viewOf(await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() }));
  await sql`
    insert into auth.mfa_factors (
      id, user_id, friendly_name, factor_type, status, secret, phone, created_at, updated_at
    ) values (
      gen_random_uuid(), ${person.id}, 'Half', 'phone', 'unverified', '', '4915550099', now(), now()
    )`;
  const list = (who: typeof browser) => who.call("/unified-auth/mfa/factors", { method: "GET" });
  const answer = await list(browser);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual(answer.setCookies, []);
  const factors = answer.body["factors"] as readonly Record<string, string>[];
  assert.deepEqual(
    factors.map(({ friendly_name, type, status }) => [friendly_name, type, status]),
    [["App", "totp", "verified"], ["Half", "phone", "unverified"]],
  );
  assert.ok(factors.every(({ created_at }) => Date.parse(created_at ?? "") > 0));
  assert.doesNotMatch(JSON.stringify(answer.body), /4915550099|secret/);
  const { browser: other } = await fixture.signIn();
  assert.deepEqual((await list(other)).body, { factors: [] });
  assertRefused(await list(fixture.openBrowser()), "access_token_missing");
});

Deno.test("enrolling again by the name of a factor that was never verified replaces it", async () => {
  const { person, browser } = await fixture.signIn();
  const enroll = () =>
    post(browser, "/mfa/factors", { factor_type: "totp", friendly_name: "Mine" });
  const lost = await enroll();
  await post(browser, "/mfa/verify", { // challenged, so that Supabase Auth never forgets it
    factor_id: (lost.body["factor"] as { id: string }).id,
    code: WRONG_CODE,
  });
  const { factor, totp } = (await enroll()).body as {
    factor: { id: string };
    totp: { secret: string };
  };
  const code = totpCode(totp.secret, Date.now());
  viewOf(await post(browser, "/mfa/verify", { factor_id: factor.id, code }));
  const rows = await sql`select id from auth.mfa_factors where user_id = ${person.id}`;
  assert.deepEqual(rows.map(({ id }) => id), [factor.id]);
});

Deno.test("a sign-in that is given up ends at once, for a copy of its cookie too", async () => {
  const { person, app, browser } = await beginLogin();
  const copy = browser.copy();
  const cancel = await post(browser, "/cancel", {});
  assert.deepEqual([cancel.status, cancel.body], [200, { cancelled: true }]);
  assert.equal(await countIdentitySessions(fixture, person), 0);
  assert.deepEqual([...browser.cookies.keys()], []);
  const verify = { factor_id: app.id, code: app.code() };
  assert.equal(codeOf(await post(copy, "/mfa/verify", verify)), "flow_state_expired");
  assert.equal((await post(browser, "/cancel", {})).status, 200);
});

Deno.test("giving a change up leaves the session as it is", async () => {
  const { person, app, browser } = await beginLogin();
  viewOf(await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() }));
  const change = { current_password: person.password, password: NEW_PASSWORD };
  assertFactorWanted(await put(browser, "/password", change), app.id);
  assert.equal((await post(browser, "/cancel", {})).status, 200);
  assert.equal((await browser.validate()).status, 200);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("enrolling takes the current password once the sign-in is ten minutes old", async () => {
  const { person, browser, sessionId } = await fixture.signIn();
  await ageSession(sql, sessionId, 11 * 60);
  const enroll = { factor_type: "totp", friendly_name: "Mine" };
  assertRefused(await post(browser, "/mfa/factors", enroll), "reauthentication_needed");
  const wrong = { ...enroll, current_password: "wrong" };
  assertRefused(await post(browser, "/mfa/factors", wrong), "current_password_invalid");
  const right = { ...enroll, current_password: person.password };
  assert.equal((await post(browser, "/mfa/factors", right)).status, 200);
  assert.equal((await post(fixture.openBrowser(), "/mfa/factors", enroll)).status, 401);
});

Deno.test("factors that are enrolled at once do not take each other's way in", async () => {
  const { browser } = await fixture.signIn();
  const answers = await Promise.all(
    ["one", "two", "three", "four"].map((friendly_name) =>
      post(browser, "/mfa/factors", { factor_type: "totp", friendly_name })
    ),
  );
  assert.deepEqual(answers.map(codeOf), ["200", "200", "200", "200"]);
});

// Trap 7.
Deno.test("who has a factor changes the password and removes the factor only with it", async () => {
  const { person, app, browser } = await beginLogin();
  viewOf(await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() }));
  const change = { current_password: person.password, password: NEW_PASSWORD };
  assertFactorWanted(await put(browser, "/password", change), app.id);
  const passed = await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() });
  assert.deepEqual([passed.status, passed.body["status"]], [202, "reauthenticated"]);
  assertRefused(await put(browser, "/password", { password: "weak" }), "weak_password");
  viewOf(await put(browser, "/password", { password: NEW_PASSWORD }));
  assert.equal((await browser.validate()).status, 200);

  const remove = () =>
    browser.call(`/unified-auth/mfa/factors/${app.id}`, { method: "DELETE", body: {} });
  assertFactorWanted(await remove(), app.id);
  await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() });
  const removed = await remove();
  assert.deepEqual({ status: removed.status, body: removed.body }, {
    status: 200,
    body: { removed: true },
  });
  assert.equal((await browser.validate()).status, 200);
  await fixture.openBrowser().login({ ...person, password: NEW_PASSWORD });
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a refused change keeps the factor that was given for it, for another try", async () => {
  const { person, app, browser } = await beginLogin();
  viewOf(await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() }));
  await put(browser, "/password", { current_password: person.password, password: NEW_PASSWORD });
  await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() });
  const enroll = { factor_type: "totp", friendly_name: "App" };
  assertRefused(await post(browser, "/mfa/factors", enroll), "mfa_factor_name_conflict");
  const another = { ...enroll, friendly_name: "Another" };
  assert.equal((await post(browser, "/mfa/factors", another)).status, 200);
});

Deno.test("a step that has ended at Supabase Auth stands in no new one's way", async () => {
  const { person, app, browser } = await beginLogin();
  viewOf(await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() }));
  const change = { current_password: person.password, password: NEW_PASSWORD };
  assertFactorWanted(await put(browser, "/password", change), app.id);
  await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() });
  await sql`delete from auth.sessions where user_id = ${person.id}`;
  assert.equal(codeOf(await put(browser, "/password", change)), "flow_state_expired");
  assertFactorWanted(await put(browser, "/password", change), app.id);
});

Deno.test("another session of the same user cannot use the step that this one took", async () => {
  const { person, app, browser } = await beginLogin();
  viewOf(await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() }));
  const change = { current_password: person.password, password: NEW_PASSWORD };
  await put(browser, "/password", change);
  await post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() });
  const other = await fixture.signIn();
  const stolen = browser.cookies.get("__Host-sign_in_pending") ?? assert.fail("nothing sealed");
  other.browser.cookies.set("__Host-sign_in_pending", stolen);
  await ageSession(sql, other.sessionId, 11 * 60);
  const answer = await put(other.browser, "/password", { password: NEW_PASSWORD });
  assertRefused(answer, "reauthentication_needed");
});
