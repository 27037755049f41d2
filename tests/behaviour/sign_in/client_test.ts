import assert from "node:assert/strict";
import { createSession } from "../../../client/src/session/create_session.ts";
import { browserEnvironment } from "../../../client/src/environment.ts";
import type { PageNavigation, Popup } from "../../../client/src/sign_in/oauth.ts";
import type { Passkeys } from "../../../client/src/sign_in/passkey.ts";
import { createSignIn } from "../../../client/src/sign_in/create_sign_in.ts";
import { createHttpTransport } from "../../../client/src/transport/http_transport.ts";
import type { UnifiedAuthUser } from "../../../client/src/transport/views.ts";
import type { Browser } from "../http/browser.ts";
import { totpCode } from "../../../local/platform/auth/totp.ts";
import { openSignInFixture, WRONG_CODE } from "./sign_in_fixture.ts";
import { createSoftwarePasskey } from "./software_passkey.ts";

const APP = "https://app.example.com";
const PAGE = `${APP}/deep/page?tab=2#part`;
const NEW_PASSWORD = "another-horse-battery-staple";

const fixture = await openSignInFixture({ environment: { SESSION_ALLOWED_ORIGINS: APP } });
Deno.test.afterAll(() => fixture.close());

interface ClientOptions {
  readonly navigation?: Partial<PageNavigation>;
  readonly passkeys?: Passkeys;
}

/** The client of a page whose cookies are the browser's. */
function openClient(browser: Browser, { navigation, passkeys }: ClientOptions = {}) {
  const prefix = `${fixture.stack.functionsUrl}/unified-auth`;
  const environment = {
    ...browserEnvironment(),
    async fetch(input: string | Request, { method = "GET", body, headers }: RequestInit = {}) {
      const answer = await browser.call(`/unified-auth${String(input).slice(prefix.length)}`, {
        method,
        body: body === undefined ? undefined : JSON.parse(String(body)),
        headers: Object.fromEntries(new Headers(headers)),
        tries: 1,
      });
      return new Response(JSON.stringify(answer.body), {
        status: answer.status,
        headers: answer.headers,
      });
    },
  };
  const transport = createHttpTransport<UnifiedAuthUser>({ baseUrl: prefix, environment });
  const session = createSession<UnifiedAuthUser>({ transport, environment });
  const signIn = createSignIn<UnifiedAuthUser>({
    session,
    transport,
    environment,
    navigation: {
      address: () => new URL(PAGE),
      leaveFor: (url) => assert.fail(`left for ${url}`),
      openPopup: () => null,
      isPopup: () => false,
      replaceAddress: () => {},
      ...navigation,
    },
    passkeys: () => passkeys ?? null,
  });
  return { session, signIn };
}

function assertKind<Outcome extends { readonly kind: string }, Kind extends Outcome["kind"]>(
  outcome: Outcome,
  kind: Kind,
): asserts outcome is Extract<Outcome, { readonly kind: Kind }> {
  assert.equal(outcome.kind, kind, JSON.stringify(outcome));
}

function assertRefusal(outcome: { readonly kind: string; readonly code?: string }, code: string) {
  assert.deepEqual([outcome.kind, outcome.code], ["refused", code]);
}

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
