/**
 * The client's page leaves for a provider or a mail, and comes back: by a redirect, by a link, in a popup.
 *
 * @module
 */

import assert from "node:assert/strict";
import { browserEnvironment } from "../../../client/src/environment.ts";
import { createSignIn } from "../../../client/src/sign_in/create_sign_in.ts";
import type { Popup } from "../../../client/src/sign_in/oauth.ts";
import { createHttpTransport } from "../../../client/src/transport/http_transport.ts";
import type { Browser } from "../http/browser.ts";
import {
  APP,
  assertKind,
  assertRefusal,
  NEW_PASSWORD,
  openClientFixture,
  PAGE,
} from "./client_fixture.ts";

const fixture = await openClientFixture();
Deno.test.afterAll(() => fixture.close());
const { openClient } = fixture;

Deno.test("a redirect begins at the server, and is to come back to the very page", async () => {
  const left: string[] = [];
  const { signIn } = openClient(fixture.openBrowser(), {
    navigation: { leaveFor: (url) => void left.push(url) },
  });
  const request = { provider: "keycloak", scopes: "openid", loginHint: "ada@example.com" };
  const outcome = await signIn.withOAuth(request);
  assertKind(outcome, "redirecting");
  assert.equal(outcome.returnTo, PAGE);
  const { searchParams } = new URL(left[0] ?? "");
  assert.deepEqual(Object.fromEntries(searchParams), {
    provider: "keycloak",
    return_to: PAGE,
    scopes: "openid",
    login_hint: "ada@example.com",
  });
});

Deno.test("a redirect leaves the page only after every tab has given up what it had under way", async () => {
  const steps: string[] = [];
  const transport = createHttpTransport({ baseUrl: APP, environment: browserEnvironment() });
  const signIn = createSignIn({
    session: {
      signIn(login) {
        steps.push("given up");
        return login({ signal: AbortSignal.timeout(1_000), trigger: "sign-in" });
      },
      ask: () => assert.fail("no other request is sent"),
      request: () => assert.fail("no other request is sent"),
    },
    transport,
    environment: browserEnvironment(),
    navigation: {
      address: () => new URL(PAGE),
      leaveFor: () => void steps.push("left"),
      openPopup: () => null, // blocked
      isPopup: () => false,
      replaceAddress: () => {},
    },
    passkeys: () => null,
  });
  for (const popup of [false, true]) {
    assertKind(await signIn.withOAuth({ provider: "keycloak", popup }), "redirecting");
  }
  assert.deepEqual(steps, ["given up", "left", "given up", "left"]);
});

Deno.test("a mail's link comes back to the very page, unless the app names another", async () => {
  const browser = fixture.openBrowser();
  const { signIn } = openClient(browser);
  const leadsBackTo = async (returnTo?: string) => {
    const { email } = await fixture.createPerson();
    assertKind(await signIn.resetPassword({ email, returnTo }), "message-sent");
    const { tokenHash } = fixture.lastMessage(email);
    const page = await fixture.visit(browser, `/confirm?token_hash=${tokenHash}&type=recovery`);
    return /data-return-to="([^"]*)"/.exec(page.text)?.[1];
  };
  assert.equal(await leadsBackTo(), PAGE);
  assert.equal(await leadsBackTo("/account"), `${APP}/account`);
});

Deno.test("the outcomes say where a page with a long address leads back to", async () => {
  const { email } = await fixture.createPerson();
  const { signIn } = openClient(fixture.openBrowser(), {
    navigation: {
      address: () => new URL(`${APP}/page?q=${"x".repeat(2_000)}`),
      leaveFor: () => {},
    },
  });
  const sent = await signIn.withOtp({ email });
  assertKind(sent, "message-sent");
  assert.equal(sent.returnTo, `${APP}/page`);
  const left = await signIn.withOAuth({ provider: "keycloak" });
  assertKind(left, "redirecting");
  assert.equal(left.returnTo, `${APP}/page`);
});

/** A page whose address is `href` until the client takes something out of it. */
function pageAt(href: string) {
  let address = new URL(href);
  return { address: () => address, replaceAddress: (url: URL) => void (address = url) };
}

const cameBackWith = (parameter: string) => `${APP}/deep/page?${parameter}&tab=2#part`;

Deno.test("the error of a redirect is reported once, and taken out of the address", async () => {
  const page = pageAt(cameBackWith("auth_error=access_denied"));
  const { signIn } = openClient(fixture.openBrowser(), { navigation: page });
  assert.deepEqual(await signIn.returnOutcome(), { kind: "refused", code: "access_denied" });
  assert.equal(page.address().href, PAGE);
  assert.equal(await signIn.returnOutcome(), null);
});

Deno.test("a page in the sign-in's popup leaves the error to its opener", async () => {
  const page = pageAt(cameBackWith("auth_error=access_denied"));
  const navigation = { ...page, isPopup: () => true };
  const { signIn } = openClient(fixture.openBrowser(), { navigation });
  assert.equal(await signIn.returnOutcome(), null);
  assert.equal(page.address().searchParams.get("auth_error"), "access_denied");
});

Deno.test("a reset by link comes back to a page that then takes the password", async () => {
  const [person, browser] = [await fixture.createPerson(), fixture.openBrowser()];
  const before = openClient(browser);
  assertKind(await before.signIn.resetPassword({ email: person.email }), "message-sent");
  const { tokenHash } = fixture.lastMessage(person.email);
  const verified = await browser.call("/unified-auth/verify", {
    body: { token_hash: tokenHash, type: "recovery" },
  });
  const page = pageAt(cameBackWith(`auth_step=${verified.body["status"]}`));
  const { session, signIn } = openClient(browser, { navigation: page });
  assert.deepEqual(await signIn.returnOutcome(), {
    kind: "password-required",
    account: null,
  });
  assert.equal(page.address().href, PAGE);
  assertKind(await signIn.setPassword({ password: NEW_PASSWORD }), "signed-in");
  assert.equal(session.status, "active");
});

Deno.test("a redirect of a person with a factor comes back with the factors", async () => {
  const [person, browser] = [await fixture.createPerson(), fixture.openBrowser()];
  const { id, code } = await fixture.addTotp(person);
  const left: string[] = [];
  const before = openClient(browser, { navigation: { leaveFor: (url) => void left.push(url) } });
  assertKind(await before.signIn.withOAuth({ provider: "keycloak" }), "redirecting");
  const start = await fixture.visit(browser, left[0] ?? "");
  const end = await fixture.visit(browser, await fixture.passProvider(start, person));
  const { signIn } = openClient(browser, { navigation: pageAt(end.location) });
  const outcome = await signIn.returnOutcome();
  assert.ok(outcome);
  assertKind(outcome, "mfa-required");
  assert.deepEqual(outcome.factors.map((factor) => factor.id), [id]);
  assertKind(await signIn.mfa.verify({ factorId: id, code: code() }), "signed-in");
});

/** A popup in which somebody goes through the provider, in the jar of `browser`. */
function popupOf(browser: Browser, as: Parameters<typeof fixture.passProvider>[1]) {
  let [address, closed]: [URL | null, boolean] = [null, false];
  const openPopup = (url: string): Popup => {
    void (async () => {
      const start = await fixture.visit(browser, url);
      address = new URL(
        (await fixture.visit(browser, await fixture.passProvider(start, as))).location,
      );
    })();
    return { address: () => address, isClosed: () => closed, close: () => closed = true };
  };
  return { openPopup, isClosed: () => closed };
}

Deno.test("a popup signs in and leaves the page and its waiting calls as they are", async () => {
  const [person, browser] = [await fixture.createPerson(), fixture.openBrowser()];
  const popup = popupOf(browser, person);
  const { session, signIn } = openClient(browser, { navigation: popup });
  const outcome = await signIn.withOAuth({ provider: "keycloak", popup: true });
  assertKind(outcome, "signed-in");
  assert.equal(outcome.user.id, person.id);
  assert.equal(session.status, "active");
  assert.ok(popup.isClosed());
});

Deno.test("a popup that comes back with an error or is closed signs nobody in", async () => {
  const browser = fixture.openBrowser();
  const refused = openClient(browser, { navigation: popupOf(browser, "refused") });
  const request = { provider: "keycloak", popup: true };
  assertRefusal(await refused.signIn.withOAuth(request), "access_denied");
  const closed = openClient(browser, {
    navigation: { openPopup: () => ({ address: () => null, isClosed: () => true, close() {} }) },
  });
  assertKind(await closed.signIn.withOAuth(request), "cancelled");
});

Deno.test("a `returnTo` that is no address is a rejection, and sends nothing", async () => {
  const { email } = await fixture.createPerson();
  const { signIn } = openClient(fixture.openBrowser());
  const request = { email, password: NEW_PASSWORD, returnTo: "https://[app]/" };
  for (const name of ["withOtp", "signUp", "resetPassword"] as const) {
    await assert.rejects(() => signIn[name](request), TypeError);
  }
  await assert.rejects(() => signIn.withOAuth({ provider: "github", ...request }), TypeError);
  assert.equal(fixture.countMessages(email), 0);
});
