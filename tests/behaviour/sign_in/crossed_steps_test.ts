import assert from "node:assert/strict";
import { totpCode } from "../../../local/platform/auth/totp.ts";
import { codeOf, viewOf } from "../http/browser.ts";
import { countIdentitySessions } from "../http/people.ts";
import { openSignInFixture } from "./sign_in_fixture.ts";
import { createSoftwarePasskey } from "./software_passkey.ts";

const fixture = await openSignInFixture();
Deno.test.afterAll(() => fixture.close());

const { stack, sql, post, put, lastMessage } = fixture;
const NEW_PASSWORD = "another-horse-battery-staple";

/** Somebody opens the link of a recovery and leaves before choosing a password. */
async function beginRecovery() {
  const [person, browser] = [await fixture.createPerson(), fixture.openBrowser()];
  await post(browser, "/recover", { email: person.email });
  const link = { token_hash: lastMessage(person.email).tokenHash, type: "recovery" };
  assert.equal((await post(browser, "/verify", link)).body["status"], "password_required");
  return { person, browser };
}

Deno.test("a factor that a session has half enrolled ends with it", async () => {
  const { person, browser } = await fixture.signIn();
  const thief = browser.copy();
  const enroll = { factor_type: "totp", friendly_name: "Mine" };
  const { factor, totp } = (await post(thief, "/mfa/factors", enroll)).body as {
    factor: { id: string };
    totp: { secret: string };
  };
  await browser.logout("global");
  const code = totpCode(totp.secret, Date.now());
  const answer = await post(thief, "/mfa/verify", { factor_id: factor.id, code });
  assert.equal(codeOf(answer), "flow_state_expired");
  const rows = await sql`select status from auth.mfa_factors where user_id = ${person.id}`;
  assert.deepEqual(rows.map(({ status }) => status), ["unverified"]);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("a passkey that a session has half registered ends with it", async () => {
  const { person, browser } = await fixture.signIn();
  const thief = browser.copy();
  const passkey = createSoftwarePasskey(stack.baseUrl);
  const { body } = await post(thief, "/passkeys/options", { purpose: "registration" });
  const credential = passkey.register(body["options"] as Readonly<Record<string, unknown>>);
  await browser.logout("global");
  assert.equal(codeOf(await post(thief, "/passkeys/verify", { credential })), "flow_state_expired");
  const rows = await sql`select id from auth.webauthn_credentials where user_id = ${person.id}`;
  assert.equal(rows.length, 0);
  assert.equal(await countIdentitySessions(fixture, person), 0);
});

Deno.test("who signs in changes their own password, and not that of a recovery left by somebody else", async () => {
  const [{ person: left, browser }, person] = [await beginRecovery(), await fixture.createPerson()];
  const { email, password } = person;
  viewOf(await post(browser, "/login", { email, password }));
  assert.equal(await countIdentitySessions(fixture, left), 0);
  const { user } = viewOf(await put(browser, "/password", { password: NEW_PASSWORD }));
  assert.equal(user.id, person.id);
  await fixture.openBrowser().login(left);
  await fixture.openBrowser().login({ email, password: NEW_PASSWORD });
});

Deno.test("the current password says that a signed-in user's own is changed, beside a recovery too", async () => {
  const [{ person, browser }, { person: left, browser: other }] = [
    await fixture.signIn(),
    await beginRecovery(),
  ];
  for (const [name, value] of other.cookies) browser.cookies.set(name, value);
  const change = { current_password: person.password, password: NEW_PASSWORD };
  assert.equal(viewOf(await put(browser, "/password", change)).user.id, person.id);
  await fixture.openBrowser().login(left);
});

Deno.test("a sign-out ends what the browser has half done, for a copy of its cookies too", async () => {
  for (const scope of ["local", "global"] as const) {
    const { person, browser } = await beginRecovery();
    const copy = browser.copy();
    assert.equal((await browser.logout(scope)).status, 200);
    assert.deepEqual([...browser.cookies.keys()], []);
    const answer = await put(copy, "/password", { password: NEW_PASSWORD });
    assert.equal(codeOf(answer), "flow_state_expired");
    assert.equal(await countIdentitySessions(fixture, person), 0);
  }
});

Deno.test("a yes to one account signs in no other one whose link was opened meanwhile", async () => {
  const [person, attacker] = [await fixture.createPerson(), await fixture.createPerson()];
  const browser = fixture.openBrowser();
  const openLink = async ({ email }: { readonly email: string }) => {
    await post(fixture.openBrowser(), "/otp", { email });
    const link = { token_hash: lastMessage(email).tokenHash, type: "magiclink" };
    return (await post(browser, "/verify", link)).body["account"];
  };
  const account = await openLink(person);
  await openLink(attacker);
  const yes = { consent: true, account };
  assert.equal(codeOf(await post(browser, "/verify", yes)), "flow_state_not_found");
  const again = { consent: true, account: await openLink(person) };
  assert.equal(viewOf(await post(browser, "/verify", again)).user.id, person.id);
});
