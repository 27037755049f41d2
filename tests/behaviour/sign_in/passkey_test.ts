import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { type Browser, viewOf } from "../http/browser.ts";
import { countIdentitySessions } from "../http/people.ts";
import { assertRefused } from "../http/refusal.ts";
import { openSignInFixture, sessionsIn } from "./sign_in_fixture.ts";
import { createSoftwarePasskey } from "./software_passkey.ts";

const fixture = await openSignInFixture();
Deno.test.afterAll(() => fixture.close());

const { stack, post } = fixture;

async function optionsOf(browser: Browser, body: object = {}) {
  const { status, body: answer } = await post(browser, "/passkeys/options", body);
  assert.equal(status, 200, JSON.stringify(answer));
  return answer["options"] as Readonly<Record<string, unknown>>;
}

async function registerPasskey() {
  const { person, browser } = await fixture.signIn();
  const passkey = createSoftwarePasskey(stack.baseUrl);
  const options = await optionsOf(browser, { purpose: "registration" });
  const registered = await post(browser, "/passkeys/verify", {
    credential: passkey.register(options),
  });
  assert.equal(registered.status, 201, JSON.stringify(registered.body));
  return { person, browser, passkey };
}

Deno.test("a passkey is registered behind a recent sign-in and signs another browser in", async () => {
  const { person, passkey } = await registerPasskey();
  assert.equal(await countIdentitySessions(fixture, person), 0);
  const browser = fixture.openBrowser();
  const credential = passkey.authenticate(await optionsOf(browser));
  const { user, session } = viewOf(await post(browser, "/passkeys/verify", { credential }));
  assert.deepEqual([user.id, session.aal], [person.id, "aal1"]);
  assert.match(JSON.stringify((await fixture.readSession(session.id))["amr"]), /passkey/);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a sign-in by passkey leaves the password of a new account as it is", async () => {
  const { person, passkey } = await registerPasskey();
  const browser = fixture.openBrowser();
  const credential = passkey.authenticate(await optionsOf(browser));
  await fixture.sql`update auth.users set email_confirmed_at = now() where id = ${person.id}`;
  viewOf(await post(browser, "/passkeys/verify", { credential }));
  const { email, password } = person;
  viewOf(await post(fixture.openBrowser(), "/login", { email, password }));
});

Deno.test("the challenge stays with its browser, and a failed try takes new options", async () => {
  const { passkey } = await registerPasskey();
  const [browser, other] = [fixture.openBrowser(), fixture.openBrowser()];
  const options = await optionsOf(browser);
  assert.equal("challenge_id" in options, false);
  const credential = passkey.authenticate(options);
  assertRefused(await post(other, "/passkeys/verify", { credential }), "flow_state_not_found");
  const otherSites = createSoftwarePasskey("https://evil.example").authenticate(options);
  const failed = await post(browser, "/passkeys/verify", { credential: otherSites });
  assert.equal(failed.body["code"], "webauthn_verification_failed");
  const again = await post(browser, "/passkeys/verify", { credential });
  assertRefused(again, "flow_state_not_found");
  const fresh = passkey.authenticate(await optionsOf(browser));
  viewOf(await post(browser, "/passkeys/verify", { credential: fresh }));
});

Deno.test("an answer that comes eight times at once signs in once", async () => {
  const { passkey } = await registerPasskey();
  const browser = fixture.openBrowser();
  const credential = passkey.authenticate(await optionsOf(browser));
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => post(browser.copy(), "/passkeys/verify", { credential })),
  );
  assert.equal(sessionsIn(answers).size, 1);
});

Deno.test("a user with a TOTP is asked for it after the passkey", async () => {
  const { person, passkey } = await registerPasskey();
  const app = await fixture.addTotp(person);
  const browser = fixture.openBrowser();
  const credential = passkey.authenticate(await optionsOf(browser));
  const answer = await post(browser, "/passkeys/verify", { credential });
  assert.equal(answer.body["code"], "mfa_required");
  const verify = { factor_id: app.id, code: app.code() };
  assert.equal(viewOf(await post(browser, "/mfa/verify", verify)).session.aal, "aal2");
});

Deno.test("tries with one passkey are counted, which Supabase Auth does not", async () => {
  const { passkey } = await registerPasskey();
  const browser = fixture.openBrowser();
  const statuses: number[] = [];
  for (let tries = 0; tries < 8; tries += 1) {
    const credential = { ...passkey.authenticate(await optionsOf(browser)) };
    const broken = { ...credential, response: { clientDataJSON: "e30" } };
    statuses.push((await post(browser, "/passkeys/verify", { credential: broken })).status);
  }
  assert.ok(statuses.includes(429), String(statuses));
});

Deno.test("nobody registers a passkey without a session, or with an old one", async () => {
  const registration = { purpose: "registration" };
  const nobody = await post(fixture.openBrowser(), "/passkeys/options", registration);
  assert.equal(nobody.status, 401);
  const { browser, sessionId } = await fixture.signIn();
  await ageSession(fixture.sql, sessionId, 11 * 60);
  const late = await post(browser, "/passkeys/options", registration);
  assertRefused(late, "reauthentication_needed");
});
