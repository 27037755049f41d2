import assert from "node:assert/strict";
import { evaluate } from "../../harness/browser/page.ts";
import { addTotp } from "../sign_in/authenticator.ts";
import { emailIn, openSignInStage, type Person, type SignInBrowser } from "./sign_in_stage.ts";
import { findTraces } from "./token_traces.ts";
import { addVirtualAuthenticator } from "./virtual_authenticator.ts";

const stage = await openSignInStage();
Deno.test.afterAll(() => stage.close());

const { app, withBrowsers } = stage;

/** A browser whose authenticator keeps passkeys and needs no gesture. */
async function openWithAuthenticator(open: () => Promise<SignInBrowser>): Promise<SignInBrowser> {
  const browser = await open();
  await addVirtualAuthenticator(browser.page);
  await browser.page.goto(app);
  assert.equal(await emailIn(browser.page), null);
  return browser;
}

const call = ({ page }: SignInBrowser, method: string, request: object = {}) =>
  evaluate<{ readonly kind: string }>(page, `session.signIn.${method}(${JSON.stringify(request)})`);

async function registerPasskey(browser: SignInBrowser, { email, password }: Person) {
  assert.equal((await call(browser, "withPassword", { email, password })).kind, "signed-in");
  const outcome = await call(browser, "registerPasskey");
  assert.equal(outcome.kind, "registered", JSON.stringify(outcome));
  await browser.page.evaluate("session.signOut()");
}

Deno.test("a passkey of the browser is registered and signs in, and leaves no token in the page", () =>
  withBrowsers(async (open) => {
    const person = await stage.createPerson();
    const browser = await openWithAuthenticator(open);
    await registerPasskey(browser, person);
    assert.equal(await emailIn(browser.page), null);
    assert.equal((await call(browser, "withPasskey")).kind, "signed-in");
    assert.equal(await emailIn(browser.page), person.email);
    assert.match(JSON.stringify((await stage.readSession(person))?.["amr"]), /passkey/);
    assert.deepEqual(await findTraces(browser.page, { secrets: stage.issued }), []);
  }));

Deno.test("a passkey of a person with an authenticator app asks for its code too", () =>
  withBrowsers(async (open) => {
    const person = await stage.createPerson();
    const browser = await openWithAuthenticator(open);
    await registerPasskey(browser, person);
    const authenticator = await addTotp(stage.stack, person);
    assert.equal((await call(browser, "withPasskey")).kind, "mfa-required");
    assert.equal(await emailIn(browser.page), null);
    const factor = { factorId: authenticator.id, code: authenticator.code() };
    assert.equal((await call(browser, "mfa.verify", factor)).kind, "signed-in");
    assert.equal((await stage.readSession(person))?.["aal"], "aal2");
  }));

Deno.test("with Supabase Auth away a passkey signs nobody in, and the next try does", () =>
  withBrowsers(async (open) => {
    const person = await stage.createPerson();
    const browser = await openWithAuthenticator(open);
    await registerPasskey(browser, person);
    for (const step of ["options", "verify"]) {
      stage.setAway(new RegExp(`/passkeys/authentication/${step}`));
      const outcome = await call(browser, "withPasskey").finally(() => stage.setAway(null));
      assert.equal(outcome.kind, "busy", step);
      assert.equal(await emailIn(browser.page), null);
    }
    assert.equal((await call(browser, "withPasskey")).kind, "signed-in");
    assert.equal(await emailIn(browser.page), person.email);
  }));

Deno.test("a browser without a passkey of the site gives up, and signs nobody in", () =>
  withBrowsers(async (open) => {
    const browser = await openWithAuthenticator(open);
    assert.equal((await call(browser, "withPasskey")).kind, "cancelled");
    assert.equal(await emailIn(browser.page), null);
  }));
