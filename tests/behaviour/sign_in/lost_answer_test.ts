import assert from "node:assert/strict";
import { totpCode } from "../../../local/platform/auth/totp.ts";
import { type Answer, type Browser, viewOf } from "../http/browser.ts";
import { countIdentitySessions } from "../http/people.ts";
import type { Person } from "../http/fixture.ts";
import { assertRefused } from "../http/refusal.ts";
import { openSignInFixture } from "./sign_in_fixture.ts";
import { createSoftwarePasskey } from "./software_passkey.ts";

const fixture = await openSignInFixture();
Deno.test.afterAll(() => fixture.close());

const { stack, sql, post, put, visit, passProvider, lastMessage } = fixture;
const claims = stack.database.connectAs("supabase_admin", { max: 1 });
const NEW_PASSWORD = "another-horse-battery-staple";

/** The request is answered, and its answer does not arrive; then the same request again. */
async function repeat(browser: Browser, send: (browser: Browser) => Promise<Answer>) {
  const lost = await send(browser.copy());
  return { lost, again: await send(browser) };
}

async function countSessions({ id }: Person): Promise<number> {
  const [row] = await sql`
    select count(*)::int as live from public.sessions where user_id = ${id} and is_valid`;
  return row?.["live"];
}

/** The repetition has the session of the lost answer, and it goes on. */
async function assertSameSession(
  person: Person,
  browser: Browser,
  { lost, again }: { readonly lost: Answer; readonly again: Answer },
): Promise<void> {
  assert.equal(viewOf(again).session.id, viewOf(lost).session.id);
  assert.equal(await countSessions(person), 1);
  assert.equal((await browser.refresh()).status, 200);
  assert.equal((await browser.validate()).status, 200);
  assert.equal(await countIdentitySessions(fixture, person), 0);
}

async function optionsOf(browser: Browser, body: object = {}) {
  const answer = await post(browser, "/passkeys/options", body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body["options"] as Readonly<Record<string, unknown>>;
}

async function beginLogin() {
  const person = await fixture.createPerson();
  const [app, browser] = [await fixture.addTotp(person), fixture.openBrowser()];
  await post(browser, "/login", { email: person.email, password: person.password });
  return { person, app, browser };
}

Deno.test("a code whose answer was lost signs the same browser in when it comes again", async () => {
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  const { email } = person;
  await post(browser, "/otp", { email });
  const body = { email, token: lastMessage(email).token };
  await assertSameSession(
    person,
    browser,
    await repeat(browser, (each) => post(each, "/verify", body)),
  );
  assertRefused(await post(browser, "/verify", body), "otp_expired");
});

Deno.test("a kept answer is of one browser and of one request", async () => {
  const [browser, { email }] = [fixture.openBrowser(), await fixture.createPerson()];
  await post(browser, "/otp", { email });
  const { token, tokenHash } = lastMessage(email);
  await post(browser.copy(), "/verify", { email, token });
  const thief = fixture.openBrowser();
  assertRefused(await post(thief, "/verify", { email, token }), "otp_expired");
  await post(thief, "/otp", { email: "nobody@example.com" }); // so that it holds sealed state too
  assertRefused(await post(thief, "/verify", { email, token }), "otp_expired");
  const link = { token_hash: tokenHash, type: "magiclink" };
  assertRefused(await post(browser, "/verify", link), "otp_expired");
  await claims`
    update unified_auth.sign_in_claims set forgotten_at = now() - interval '1 second'
    where answer is not null`;
  assertRefused(await post(browser, "/verify", { email, token }), "otp_expired");
});

Deno.test("a kept answer is none of Supabase Auth's tokens and none of ours to who reads the table", async () => {
  const { app, browser } = await beginLogin();
  const answer = await post(browser.copy(), "/mfa/verify", { factor_id: app.id, code: app.code() });
  const rows = await claims`
    select answer from unified_auth.sign_in_claims where answer is not null`;
  assert.ok(rows.length > 0);
  const [refreshToken = ""] = answer.setCookies.filter((line) => line.includes("refresh="));
  for (const { answer: kept } of rows) {
    const text = atob(String(kept).replaceAll("-", "+").replaceAll("_", "/"));
    assert.doesNotMatch(text, /eyJ|session_refresh/);
    assert.ok(!text.includes(refreshToken.slice(0, 60)));
  }
});

Deno.test("a consent, and the step before it, go on from a lost answer", async () => {
  const person = await fixture.createPerson();
  await post(fixture.openBrowser(), "/otp", { email: person.email });
  const browser = fixture.openBrowser();
  const link = { token_hash: lastMessage(person.email).tokenHash, type: "magiclink" };
  await visit(browser, `/confirm?${new URLSearchParams(link)}`);
  const { again } = await repeat(browser, (each) => post(each, "/verify", link));
  assert.equal(again.body["status"], "consent_required");
  await assertSameSession(
    person,
    browser,
    await repeat(browser, (each) => post(each, "/verify", { consent: true })),
  );
});

Deno.test("a password after a recovery, and the link before it, go on from a lost answer", async () => {
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  await post(browser, "/recover", { email: person.email });
  const link = { token_hash: lastMessage(person.email).tokenHash, type: "recovery" };
  const { again } = await repeat(browser, (each) => post(each, "/verify", link));
  assert.equal(again.body["status"], "password_required");
  await assertSameSession(
    person,
    browser,
    await repeat(browser, (each) => put(each, "/password", { password: NEW_PASSWORD })),
  );
});

Deno.test("a factor's code whose answer was lost is taken again, and counts as no wrong one", async () => {
  const { person, app, browser } = await beginLogin();
  const body = { factor_id: app.id, code: app.code() };
  await assertSameSession(
    person,
    browser,
    await repeat(browser, (each) => post(each, "/mfa/verify", body)),
  );
});

Deno.test("a passkey signs in from a lost answer, and is registered from one", async () => {
  const { person, browser: owner } = await fixture.signIn();
  const passkey = createSoftwarePasskey(stack.baseUrl);
  const registration = {
    credential: passkey.register(
      await optionsOf(owner, {
        purpose: "registration",
      }),
    ),
  };
  const registered = await repeat(owner, (each) => post(each, "/passkeys/verify", registration));
  assert.equal(registered.again.status, 201, JSON.stringify(registered.again.body));
  assert.deepEqual(registered.again.body, registered.lost.body);
  const keys = await sql`select id from auth.webauthn_credentials where user_id = ${person.id}`;
  assert.equal(keys.length, 1);
  assert.equal((await post(owner, "/passkeys/verify", registration)).status, 403);
  await owner.logout();

  const browser = fixture.openBrowser();
  const credential = passkey.authenticate(await optionsOf(browser));
  await assertSameSession(
    person,
    browser,
    await repeat(browser, (each) => post(each, "/passkeys/verify", { credential })),
  );
});

Deno.test("the way back from a provider signs in when its answer was lost", async () => {
  const [browser, person] = [fixture.openBrowser(), await fixture.createPerson()];
  const start = await visit(browser, "/authorize?provider=keycloak&return_to=/page");
  const back = await passProvider(start, person);
  await visit(browser, back, { lost: true });
  await visit(browser, "/authorize?provider=keycloak"); // another tab begins meanwhile
  const end = await visit(browser, back);
  assert.match(end.location, /\/page$/);
  assert.equal(viewOf(await browser.validate()).user.id, person.id);
  assert.equal(await countSessions(person), 1);
});

Deno.test("a changed password is changed once: the same request again says so", async () => {
  const { person, browser } = await fixture.signIn();
  const change = { current_password: person.password, password: NEW_PASSWORD };
  const { again } = await repeat(browser, (each) => put(each, "/password", change));
  assert.equal(again.status, 200, JSON.stringify(again.body));
  const back = { current_password: NEW_PASSWORD, password: person.password };
  assert.equal((await put(browser, "/password", back)).status, 200);
  const wrong = { current_password: "wrong", password: NEW_PASSWORD };
  assertRefused(await put(browser, "/password", wrong), "current_password_invalid");
  await fixture.openBrowser().login(person);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a change behind a factor is made once: the same request again asks for no code", async () => {
  const { person, app, browser } = await beginLogin();
  const verify = () => post(browser, "/mfa/verify", { factor_id: app.id, code: app.code() });
  viewOf(await verify());
  const change = { current_password: person.password, password: NEW_PASSWORD };
  await put(browser, "/password", change);
  assert.equal((await verify()).body["status"], "reauthenticated");
  const changed = await repeat(browser, (each) => put(each, "/password", change));
  assert.equal(changed.again.status, 200, JSON.stringify(changed.again.body));

  const remove = (each: Browser) =>
    each.call(`/unified-auth/mfa/factors/${app.id}`, { method: "DELETE", body: {} });
  await remove(browser);
  assert.equal((await verify()).body["status"], "reauthenticated");
  const removed = await repeat(browser, remove);
  assert.deepEqual(removed.again.body, { removed: true });
  assert.equal((await browser.validate()).status, 200);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a factor whose enrollment was lost is enrolled by the same request, and its first code taken twice", async () => {
  const { person, browser } = await fixture.signIn();
  const { again } = await repeat(
    browser,
    (each) => post(each, "/mfa/factors", { factor_type: "totp", friendly_name: "Mine" }),
  );
  const { factor, totp } = again.body as { factor: { id: string }; totp: { secret: string } };
  const body = { factor_id: factor.id, code: totpCode(totp.secret, Date.now()) };
  await assertSameSession(
    person,
    browser,
    await repeat(browser, (each) => post(each, "/mfa/verify", body)),
  );
  const rows = await sql`select status from auth.mfa_factors where user_id = ${person.id}`;
  assert.deepEqual(rows.map(({ status }) => status), ["verified"]);
});
