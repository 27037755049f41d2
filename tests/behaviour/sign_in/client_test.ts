/**
 * The client's ways to sign in that do not leave the page: codes, passwords, factors and passkeys.
 *
 * @module
 */

import assert from "node:assert/strict";
import { totpCode } from "../../../local/platform/auth/totp.ts";
import type { Passkeys } from "../../../client/src/sign_in/passkey.ts";
import { assertKind, assertRefusal, NEW_PASSWORD, openClientFixture } from "./client_fixture.ts";
import { WRONG_CODE } from "./sign_in_fixture.ts";
import { createSoftwarePasskey } from "./software_passkey.ts";

const fixture = await openClientFixture();
Deno.test.afterAll(() => fixture.close());
const { openClient } = fixture;

Deno.test("a code from a mail signs the client in", async () => {
  const person = await fixture.createPerson();
  const { session, signIn } = openClient(fixture.openBrowser());
  assertKind(await signIn.withOtp({ email: person.email }), "message-sent");
  const { token } = fixture.lastMessage(person.email);
  assertRefusal(await signIn.verifyOtp({ email: person.email, token: WRONG_CODE }), "otp_expired");
  const outcome = await signIn.verifyOtp({ email: person.email, token, deviceName: "Desk" });
  assertKind(outcome, "signed-in");
  assert.equal(outcome.user.id, person.id);
  assert.equal(session.status, "active");
  session.dispose();
});

Deno.test("a link that another browser asked for signs in only after a consent that names the account", async () => {
  const person = await fixture.createPerson();
  const requesting = openClient(fixture.openBrowser());
  assertKind(await requesting.signIn.withOtp({ email: person.email }), "message-sent");
  const { tokenHash } = fixture.lastMessage(person.email);
  const { session, signIn } = openClient(fixture.openBrowser());
  const outcome = await signIn.verifyOtp({ tokenHash, type: "magiclink" });
  assertKind(outcome, "consent-required");
  assert.equal(outcome.account.email, person.email);
  assert.notEqual(session.status, "active");
  assertKind(await signIn.acceptAccount(), "signed-in");
  assert.equal(session.status, "active");
});

Deno.test("an account is accepted only if no other tab has opened a link of another one since", async () => {
  const browser = fixture.openBrowser();
  const [here, there] = [openClient(browser), openClient(browser)];
  for (const { signIn } of [here, there]) {
    const { email } = await fixture.createPerson();
    await openClient(fixture.openBrowser()).signIn.withOtp({ email });
    const { tokenHash } = fixture.lastMessage(email);
    assertKind(await signIn.verifyOtp({ tokenHash, type: "magiclink" }), "consent-required");
  }
  assertRefusal(await here.signIn.acceptAccount(), "flow_state_not_found");
  assertKind(await there.signIn.acceptAccount(), "signed-in");
});

Deno.test("a sign-up is confirmed by mail, and asks for the password again", async () => {
  const email = `${crypto.randomUUID()}@example.com`;
  const { signIn } = openClient(fixture.openBrowser());
  assertKind(await signIn.signUp({ email, password: NEW_PASSWORD }), "message-sent");
  const { tokenHash } = fixture.lastMessage(email);
  assertKind(await signIn.verifyOtp({ tokenHash, type: "signup" }), "password-required");
  assertRefusal(await signIn.setPassword({ password: "short" }), "weak_password");
  const outcome = await signIn.setPassword({ password: NEW_PASSWORD });
  assertKind(outcome, "signed-in");
  assert.equal(outcome.user.email, email);
});

Deno.test("a reset by mail ends in a session, and the new password signs in", async () => {
  const person = await fixture.createPerson();
  const { signIn } = openClient(fixture.openBrowser());
  assertKind(await signIn.resetPassword({ email: person.email }), "message-sent");
  const { tokenHash } = fixture.lastMessage(person.email);
  assertKind(await signIn.verifyOtp({ tokenHash, type: "recovery" }), "password-required");
  assertKind(await signIn.setPassword({ password: NEW_PASSWORD }), "signed-in");
  const other = openClient(fixture.openBrowser());
  const again = await other.signIn.withPassword({ email: person.email, password: NEW_PASSWORD });
  assertKind(again, "signed-in");
});

Deno.test("a changed password keeps this browser signed in and ends the others", async () => {
  const person = await fixture.createPerson();
  const [here, there] = [openClient(fixture.openBrowser()), openClient(fixture.openBrowser())];
  for (const { signIn } of [here, there]) {
    assertKind(await signIn.withPassword(person), "signed-in");
  }
  const { password: currentPassword } = person;
  const weak = await here.signIn.changePassword({ currentPassword, password: "short" });
  assertRefusal(weak, "weak_password");
  const changed = await here.signIn.changePassword({ currentPassword, password: NEW_PASSWORD });
  assertKind(changed, "changed");
  assert.equal((await here.session.refresh()).status, "active");
  const ended = await there.session.refresh();
  assert.deepEqual([ended.status, ended.reason], ["ended", "revoked"]);
});

Deno.test("nobody who is signed out changes a password", async () => {
  const { signIn } = openClient(fixture.openBrowser());
  const outcome = await signIn.changePassword({ password: NEW_PASSWORD });
  assertKind(outcome, "rejected");
  assert.equal(outcome.reason, "no-session");
});

Deno.test("a person with a factor signs in with the factor's code", async () => {
  const person = await fixture.createPerson();
  const { id, code } = await fixture.addTotp(person);
  const { session, signIn } = openClient(fixture.openBrowser());
  const outcome = await signIn.withPassword(person);
  assertKind(outcome, "mfa-required");
  assert.deepEqual(outcome.factors.map((factor) => [factor.id, factor.type]), [[id, "totp"]]);
  const listed = await signIn.mfa.challenge();
  assertKind(listed, "challenged");
  assert.deepEqual(listed.factors, outcome.factors);
  const wrong = await signIn.mfa.verify({ factorId: id, code: WRONG_CODE });
  assertRefusal(wrong, "mfa_verification_failed");
  assertKind(await signIn.mfa.verify({ factorId: id, code: code() }), "signed-in");
  assert.equal(session.status, "active");
});

Deno.test("a factor is enrolled, and removed after one of its codes", async () => {
  const { session, signIn } = openClient(fixture.openBrowser());
  assertKind(await signIn.withPassword(await fixture.createPerson()), "signed-in");
  const enrolled = await signIn.mfa.enroll({ type: "totp", friendlyName: "App" });
  assertKind(enrolled, "enrolled");
  const { factor: { id: factorId }, totp } = enrolled;
  assert.ok(totp);
  const codeAt = (offsetMs: number) => totpCode(totp.secret, Date.now() + offsetMs);
  assertKind(await signIn.mfa.verify({ factorId, code: codeAt(0) }), "signed-in");
  assert.equal(session.status, "active");
  assertKind(await signIn.mfa.remove({ factorId }), "mfa-required");
  const confirmed = await signIn.mfa.verify({ factorId, code: codeAt(30_000) });
  assertKind(confirmed, "reauthenticated");
  assertKind(await signIn.mfa.remove({ factorId }), "removed");
  assert.equal(session.status, "active");
});

Deno.test("the page of an account lists the factors, and removes the one that was never verified", async () => {
  const { signIn } = openClient(fixture.openBrowser());
  assertKind(await signIn.mfa.list(), "rejected");
  assertKind(await signIn.withPassword(await fixture.createPerson()), "signed-in");
  const none = await signIn.mfa.list();
  assertKind(none, "listed");
  assert.deepEqual(none.factors, []);
  assertKind(await signIn.mfa.enroll({ type: "totp", friendlyName: "App" }), "enrolled");
  const listed = await signIn.mfa.list();
  assertKind(listed, "listed");
  const [factor] = listed.factors;
  assert.ok(factor);
  assert.deepEqual([factor.friendlyName, factor.type, factor.isVerified], ["App", "totp", false]);
  assert.ok(Date.parse(factor.createdAt) > 0);
  assertKind(await signIn.mfa.remove({ factorId: factor.id }), "removed");
});

Deno.test("a sign-in that the person gives up ends at once", async () => {
  const person = await fixture.createPerson();
  const { id, code } = await fixture.addTotp(person);
  const { signIn } = openClient(fixture.openBrowser());
  assertKind(await signIn.withPassword(person), "mfa-required");
  assertKind(await signIn.cancel(), "cancelled");
  const late = await signIn.mfa.verify({ factorId: id, code: code() });
  assertRefusal(late, "flow_state_not_found");
});

Deno.test("a passkey is registered and signs another browser in", async () => {
  const passkey = createSoftwarePasskey(fixture.stack.baseUrl);
  const passkeys: Passkeys = {
    create: (options) => Promise.resolve(passkey.register(options)),
    get: (options) => Promise.resolve(passkey.authenticate(options)),
  };
  const person = await fixture.createPerson();
  const { signIn } = openClient(fixture.openBrowser(), { passkeys });
  assertKind(await signIn.withPassword(person), "signed-in");
  assertKind(await signIn.registerPasskey(), "registered");
  const other = openClient(fixture.openBrowser(), { passkeys });
  const outcome = await other.signIn.withPasskey({ deviceName: "Phone" });
  assertKind(outcome, "signed-in");
  assert.equal(outcome.user.id, person.id);
  const cancelled = { ...passkeys, get: () => Promise.resolve(null) };
  assertKind(
    await openClient(fixture.openBrowser(), { passkeys: cancelled }).signIn.withPasskey(),
    "cancelled",
  );
  assertKind(await openClient(fixture.openBrowser()).signIn.withPasskey(), "unsupported");
});

Deno.test("a passkey whose registration was not answered is registered by the next call, and made once", async () => {
  const passkey = createSoftwarePasskey(fixture.stack.baseUrl);
  let made = 0;
  const passkeys: Passkeys = {
    get: () => assert.fail("nobody signs in by passkey"),
    create(options) {
      const excluded = options["excludeCredentials"] as readonly unknown[];
      if (excluded.length > 0) return Promise.resolve("exists");
      made += 1;
      return Promise.resolve(passkey.register(options));
    },
  };
  const browser = fixture.openBrowser();
  const { signIn: before } = openClient(browser);
  assertKind(await before.withPassword(await fixture.createPerson()), "signed-in");
  let isLost = true;
  const { signIn } = openClient({
    ...browser,
    async call(path, options) {
      if (!path.endsWith("/passkeys/verify") || !isLost) return await browser.call(path, options);
      isLost = false;
      await browser.copy().call(path, options);
      throw new TypeError("fetch failed");
    },
  }, { passkeys });
  assertKind(await signIn.registerPasskey(), "unavailable");
  assertKind(await signIn.registerPasskey(), "registered");
  assert.equal(made, 1);
  assertKind(await signIn.registerPasskey(), "already-registered");
});

Deno.test("an outage is an answer, and changes nothing", async () => {
  const { session, signIn } = openClient({
    ...fixture.openBrowser(),
    call: () => Promise.reject(new TypeError("fetch failed")),
  });
  const outcome = await signIn.verifyOtp({ email: "ada@example.com", token: "123456" });
  assertKind(outcome, "unavailable");
  assert.equal(outcome.cause, "network");
  assert.notEqual(session.status, "active");
});
