import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { type Answer, viewOf } from "../http/browser.ts";
import { changeUser, countIdentitySessions, signInToSupabaseAuth } from "../http/people.ts";
import { assertRefused, assertSessionEnded } from "../http/refusal.ts";
import { openSignInFixture } from "./sign_in_fixture.ts";

const fixture = await openSignInFixture();
Deno.test.afterAll(() => fixture.close());

const { stack, sql, post, put, lastMessage } = fixture;
const NEW_PASSWORD = "another-horse-battery-staple";

function assertPending(answer: Answer, status: string): void {
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.equal(answer.body["status"], status);
}

async function amrOf(sessionId: string): Promise<unknown> {
  return (await fixture.readSession(sessionId))["amr"];
}

Deno.test("a sign-up is answered alike for a new, an unconfirmed and a confirmed address", async () => {
  const confirmed = await fixture.createPerson();
  const password = "long enough for anybody";
  const signUp = async (email: string) => {
    const startedAt = performance.now();
    const answer = await post(fixture.openBrowser(), "/signup", { email, password });
    return { answer, elapsedMs: performance.now() - startedAt };
  };
  const answers = [
    await signUp("first-time@example.com"),
    await signUp("first-time@example.com"),
    await signUp(confirmed.email),
  ];
  assert.equal(new Set(answers.map(({ answer }) => JSON.stringify(answer.body))).size, 1);
  for (const { answer, elapsedMs } of answers) {
    assertPending(answer, "sent");
    assert.ok(elapsedMs >= 500);
  }
  assert.equal(fixture.countMessages(confirmed.email), 0);
});

Deno.test("a weak password is refused to everybody who signs up with it", async () => {
  const { email } = await fixture.createPerson();
  for (const address of [email, "unknown-to-all@example.com"]) {
    const answer = await post(fixture.openBrowser(), "/signup", {
      email: address,
      password: "weak",
    });
    assertRefused(answer, "weak_password");
  }
  stack.authSettings.signupsDisabled = true;
  const off = { email: "unknown-to-all@example.com", password: NEW_PASSWORD };
  assertRefused(await post(fixture.openBrowser(), "/signup", off), "signup_disabled");
  stack.authSettings.signupsDisabled = false;
});

Deno.test("a project that confirms addresses automatically answers a session", async () => {
  stack.authSettings.autoconfirm = true;
  const browser = fixture.openBrowser();
  const signUp = { email: "at-once@example.com", password: NEW_PASSWORD, device_name: "Sofa" };
  const { session } = viewOf(await post(browser, "/signup", signUp));
  assert.equal((await fixture.readSession(session.id))["device_name"], "Sofa");
  assertPending(await post(fixture.openBrowser(), "/signup", signUp), "sent");
  stack.authSettings.autoconfirm = false;
});

// Trap 6.
Deno.test("the first to sign an address up does not keep the password after its owner confirms", async () => {
  const email = "owner@example.com";
  const [attacker, owner] = [fixture.openBrowser(), fixture.openBrowser()];
  await post(attacker, "/signup", { email, password: "of-the-attacker" });
  await post(owner, "/signup", { email, password: "of-the-owner" });
  const confirm = { token_hash: lastMessage(email).tokenHash, type: "signup" };
  assertPending(await post(owner, "/verify", confirm), "password_required");
  viewOf(await put(owner, "/password", { password: "of-the-owner" }));
  const logIn = (password: string) => post(fixture.openBrowser(), "/login", { email, password });
  assertRefused(await logIn("of-the-attacker"), "invalid_credentials");
  viewOf(await logIn("of-the-owner"));
});

// Trap 6, by magic link.
Deno.test("a magic link to an unconfirmed address makes an attacker's password worthless", async () => {
  const email = "by-link@example.com";
  await post(fixture.openBrowser(), "/signup", { email, password: "of-the-attacker" });
  const owner = fixture.openBrowser();
  await post(owner, "/otp", { email });
  viewOf(await post(owner, "/verify", { email, token: lastMessage(email).token }));
  const attacker = { email, password: "of-the-attacker" };
  assertRefused(
    await post(fixture.openBrowser(), "/login", attacker),
    "invalid_credentials",
  );
});

Deno.test("an attacker's password is worthless once the owner has opened the link, who then leaves or says no", async () => {
  for (const end of ["signup", "recovery", "no"] as const) {
    const attacker = { email: `leaves-at-${end}@example.com`, password: "of-the-attacker" };
    const { email } = attacker;
    await post(fixture.openBrowser(), "/signup", attacker);
    const owner = fixture.openBrowser();
    if (end === "recovery") await post(owner, "/recover", { email });
    const type = end === "recovery" ? end : "signup";
    const link = { token_hash: lastMessage(email).tokenHash, type };
    const awaited = end === "recovery" ? "password_required" : "consent_required";
    assertPending(await post(owner, "/verify", link), awaited);
    if (end === "no") await post(owner, "/cancel", {});
    const answer = await post(fixture.openBrowser(), "/login", attacker);
    assertRefused(answer, "invalid_credentials", end);
  }
});

Deno.test("a password that is chosen right after the confirmation stays, however soon the next code comes", async () => {
  const email = "in-a-hurry@example.com";
  await post(fixture.openBrowser(), "/signup", { email, password: "of-the-attacker" });
  const owner = fixture.openBrowser();
  const signInByCode = async () => {
    await post(owner, "/otp", { email });
    viewOf(await post(owner, "/verify", { email, token: lastMessage(email).token }));
  };
  await signInByCode();
  viewOf(await put(owner, "/password", { password: NEW_PASSWORD }));
  await signInByCode();
  viewOf(await post(fixture.openBrowser(), "/login", { email, password: NEW_PASSWORD }));
});

Deno.test("the person who signed up types the same password again, and it is theirs", async () => {
  const email = "same@example.com";
  const browser = fixture.openBrowser();
  await post(browser, "/signup", { email, password: NEW_PASSWORD });
  const { token } = lastMessage(email);
  assertPending(await post(browser, "/verify", { email, token }), "password_required");
  viewOf(await put(browser, "/password", { password: NEW_PASSWORD }));
});

// Trap 9.
Deno.test("a recovery ends in a session that says so, when a password was accepted", async () => {
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  assertPending(await post(browser, "/recover", { email: person.email }), "sent");
  const redeem = { token_hash: lastMessage(person.email).tokenHash, type: "recovery" };
  assertPending(await post(browser, "/verify", redeem), "password_required");
  assert.equal(browser.refreshToken, undefined);
  assertRefused(await put(browser, "/password", { password: "weak" }), "weak_password");
  assertRefused(await put(browser, "/password", { password: person.password }), "same_password");
  const { session } = viewOf(await put(browser, "/password", { password: NEW_PASSWORD }));
  assert.match(JSON.stringify(await amrOf(session.id)), /"method":"recovery"/);
  assert.equal(await countIdentitySessions(fixture, person), 0);
  viewOf(
    await post(fixture.openBrowser(), "/login", { email: person.email, password: NEW_PASSWORD }),
  );
});

Deno.test("a recovery by its digits, of whatever type the page names them, asks for a password", async () => {
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  const { email } = person;
  await post(browser, "/recover", { email });
  const { token } = lastMessage(email);
  assertPending(await post(browser, "/verify", { email, token }), "password_required");
  viewOf(await put(browser, "/password", { password: NEW_PASSWORD }));
});

Deno.test("a recovery ends the sessions that the user had", async () => {
  const { person, browser: old } = await fixture.signIn();
  const browser = fixture.openBrowser();
  await post(browser, "/recover", { email: person.email });
  const redeem = { token_hash: lastMessage(person.email).tokenHash, type: "recovery" };
  await post(browser, "/verify", redeem);
  viewOf(await put(browser, "/password", { password: NEW_PASSWORD }));
  assert.equal((await old.validate()).status, 401);
  assert.equal((await browser.validate()).status, 200);
});

Deno.test("a changed password keeps the browser that changed it, and ends all others", async () => {
  const { person, browser, sessionId } = await fixture.signIn();
  const others = [fixture.openBrowser(), fixture.openBrowser()];
  for (const other of others) await other.login(person);
  const change = { current_password: person.password, password: NEW_PASSWORD };
  const { session } = viewOf(await put(browser, "/password", change));
  assert.equal(session.id, sessionId);
  assert.equal((await browser.validate()).status, 200);
  assert.equal((await browser.refresh()).status, 200);
  for (const other of others) assertSessionEnded(await other.validate(), "session_revoked");
  assert.equal(await countIdentitySessions(fixture, person), 0);
  const [row] = await sql`
    select count(*)::int as ended from public.sessions
    where user_id = ${person.id} and revoked_reason = 'password_changed'`;
  assert.equal(row?.["ended"], 2);
});

Deno.test("a wrong current password changes nothing, is counted, and signs nobody out", async () => {
  const { person, browser } = await fixture.signIn();
  const statuses: number[] = [];
  for (let tries = 0; tries < 8; tries += 1) {
    const change = { current_password: `wrong-${tries}`, password: NEW_PASSWORD };
    statuses.push((await put(browser, "/password", change)).status);
  }
  assert.deepEqual(statuses.slice(0, 5), [422, 422, 422, 422, 422]);
  assert.ok(statuses.includes(429));
  assert.equal((await browser.validate()).status, 200);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a user of single sign-on changes no account that has the same address", async () => {
  const [{ person, browser }, other] = [await fixture.signIn(), await fixture.createPerson()];
  const { email, password } = person;
  await sql`update auth.users set is_sso_user = true where id = ${person.id}`;
  await sql`update auth.users set email = ${email} where id = ${other.id}`;
  for (const change of [{ current_password: other.password }, {}]) {
    const answer = await put(browser, "/password", { ...change, password: NEW_PASSWORD });
    assertRefused(answer, "reauthentication_needed");
    assert.equal(await countIdentitySessions(fixture, other), 0);
  }
  const { user } = viewOf(await post(fixture.openBrowser(), "/login", { email, password }));
  assert.equal(user.id, other.id);
});

Deno.test("a user of single sign-on confirms no account that has the same address", async () => {
  const [{ person, browser }, other] = [await fixture.signIn(), await fixture.createPerson()];
  await sql`update auth.users set is_sso_user = true where id = ${person.id}`;
  await sql`
    update auth.users set email = ${person.email}, email_confirmed_at = null where id = ${other.id}`;
  const answer = await put(browser, "/password", { password: NEW_PASSWORD });
  assertRefused(answer, "reauthentication_needed");
  const [row] = await sql`select email_confirmed_at from auth.users where id = ${other.id}`;
  assert.equal(row?.["email_confirmed_at"], null);
});

Deno.test("without the current password only a sign-in of the last ten minutes counts", async () => {
  const { browser, sessionId, person } = await fixture.signIn();
  viewOf(await put(browser, "/password", { password: NEW_PASSWORD }));
  assert.equal((await browser.validate()).status, 200);
  await ageSession(sql, sessionId, 11 * 60);
  const late = await put(browser, "/password", { password: "a-third-one-of-mine" });
  assertRefused(late, "reauthentication_needed");
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a refused new password leaves everybody signed in", async () => {
  const { person, browser } = await fixture.signIn();
  const other = fixture.openBrowser();
  await other.login(person);
  for (const [password, code] of [["weak", "weak_password"], [person.password, "same_password"]]) {
    const change = { current_password: person.password, password };
    assertRefused(await put(browser, "/password", change), code as "weak_password");
  }
  assert.equal((await browser.validate()).status, 200);
  assert.equal((await other.validate()).status, 200);
});

Deno.test("a change announced by one browser and made by another spares the one that made it", async () => {
  const { person, browser, sessionId } = await fixture.signIn();
  const identityToken = await signInToSupabaseAuth(fixture, person);
  const [identity] = await sql`select id from auth.sessions where user_id = ${person.id}`;
  const admin = stack.database.connectAs("service_role", { max: 1 });
  await admin`select public.announce_password_change(${person.id}, ${sessionId}, ${
    identity?.["id"]
  })`;
  // Another one, who changes it without a word, ends the announcer's session at Supabase Auth.
  const thief = await signInToSupabaseAuth(fixture, person);
  await fetch(`${stack.baseUrl}/auth/v1/user`, {
    method: "PUT",
    headers: {
      apikey: stack.keys.publishable,
      authorization: `Bearer ${thief}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ password: NEW_PASSWORD }),
  }).then((response) => response.body?.cancel());
  assertSessionEnded(await browser.validate(), "session_revoked");
  assert.ok(identityToken);
});

Deno.test("an administrator's change spares nobody, announced or not", async () => {
  const { person, browser, sessionId } = await fixture.signIn();
  await signInToSupabaseAuth(fixture, person);
  const [identity] = await sql`select id from auth.sessions where user_id = ${person.id}`;
  const admin = stack.database.connectAs("service_role", { max: 1 });
  await admin`select public.announce_password_change(${person.id}, ${sessionId}, ${
    identity?.["id"]
  })`;
  await changeUser(fixture, person, { password: NEW_PASSWORD });
  assertSessionEnded(await browser.validate(), "session_revoked");
});

Deno.test("an announcement alone spares nobody from a change by SQL", async () => {
  const { person, browser, sessionId } = await fixture.signIn();
  await signInToSupabaseAuth(fixture, person);
  await signInToSupabaseAuth(fixture, person);
  const [identity] = await sql`select id from auth.sessions where user_id = ${person.id}`;
  const admin = stack.database.connectAs("service_role", { max: 1 });
  await admin`select public.announce_password_change(${person.id}, ${sessionId}, ${
    identity?.["id"]
  })`;
  await sql`update auth.users set encrypted_password = 'x' where id = ${person.id}`;
  assertSessionEnded(await browser.validate(), "session_revoked");
});

Deno.test("nobody changes a password without a session, a recovery or a sign-up", async () => {
  const answer = await put(fixture.openBrowser(), "/password", { password: NEW_PASSWORD });
  assert.equal(answer.status, 401);
});

Deno.test("a changed password leaves a sign-in that another tab has begun as it is", async () => {
  const [here, other] = [await fixture.createPerson(), await fixture.createPerson()];
  const { id: factor_id, code } = await fixture.addTotp(other);
  const browser = fixture.openBrowser();
  await browser.login(here);
  const { email, password } = other;
  assert.equal((await post(browser, "/login", { email, password })).body["code"], "mfa_required");
  const change = { current_password: here.password, password: NEW_PASSWORD };
  assert.equal((await put(browser, "/password", change)).status, 200);
  const answer = await post(browser, "/mfa/verify", { factor_id, code: code() });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
});
