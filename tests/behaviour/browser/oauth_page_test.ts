import assert from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { ageSessionsOfUser } from "../../../local/testing/aging.ts";
import { arriveAt, follow, named, nextPopup, press, see } from "../../harness/browser/page.ts";
import {
  answerProvider,
  emailIn,
  leaveForProvider,
  openSignInStage,
  type SignInBrowser,
} from "./sign_in_stage.ts";

const stage = await openSignInStage();
Deno.test.afterAll(() => stage.close());

const { stack, sql, app, withBrowsers } = stage;
const PAGE = `${app}/deep/page?tab=2#part`;

/** The functions' URL that the provider's answer leads to, and that the browser does not open. */
async function stopBeforeCallback({ page }: SignInBrowser, email: string): Promise<string> {
  const { searchParams } = new URL(page.url());
  const answer = new URL(searchParams.get("redirect_uri") ?? "");
  answer.search = `${new URLSearchParams({ state: searchParams.get("state") ?? "", code: email })}`;
  const response = await fetch(answer, { redirect: "manual" });
  await response.body?.cancel();
  return response.headers.get("location") ?? assert.fail("no way back");
}

async function beginOAuth(browser: SignInBrowser, url = PAGE): Promise<void> {
  await browser.page.goto(url);
  await leaveForProvider(browser.page);
}

const returnOutcome = (page: Page) =>
  page.evaluate("session.signIn.returnOutcome()") as Promise<
    { readonly kind: string; readonly code?: string } | null
  >;

Deno.test("OAuth leaves the page, crosses sites, and comes back to the very page, signed in", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page, complaints } = browser;
    await beginOAuth(browser);
    assert.equal(new URL(page.url()).hostname, "127.0.0.1");
    await answerProvider(page, person.email);
    await arriveAt(page, PAGE);
    assert.equal(await emailIn(page), person.email);
    assert.equal(await returnOutcome(page), null);
    assert.deepEqual(complaints, []);
  }));

Deno.test("a session that began with a redirect is bound to the browser's key by the first refresh", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    await beginOAuth(browser);
    await answerProvider(browser.page, person.email);
    assert.equal(await emailIn(browser.page), person.email);
    const before = await stage.readSession(person);
    assert.equal(before?.["key_thumbprint"], null);
    await ageSessionsOfUser(sql, person.id, 120);
    await browser.page.evaluate("session.refresh()");
    const after = await stage.readSession(person);
    assert.equal(after?.["id"], before?.["id"]);
    assert.ok(after?.["key_thumbprint"]);
  }));

Deno.test("a person who refuses at the provider comes back to the very page, with a code", () =>
  withBrowsers(async (open) => {
    const browser = await open();
    const { page } = browser;
    await beginOAuth(browser);
    await press(page, "I would rather not say");
    await arriveAt(page, `${app}/deep/page?tab=2&auth_error=access_denied#part`);
    const outcome = await returnOutcome(page);
    assert.deepEqual([outcome?.kind, outcome?.code], ["refused", "access_denied"]);
    assert.equal(page.url(), PAGE);
    assert.equal(await emailIn(page), null);
  }));

Deno.test("a code is worth nothing in a browser that did not begin, nor in one that began its own", () =>
  withBrowsers(async (open) => {
    const [attacker, visitor, beginner] = [await open(), await open(), await open()];
    const person = await stage.createPerson();
    await beginOAuth(attacker);
    const callback = await stopBeforeCallback(attacker, person.email);

    await visitor.page.goto(callback);
    assert.equal(visitor.page.url(), `${app}/?auth_error=flow_state_not_found`);
    await beginOAuth(beginner);
    await beginner.page.goto(callback);
    assert.equal(beginner.page.url(), `${app}/?auth_error=flow_state_not_found`);
    for (const { page, context } of [visitor, beginner]) {
      assert.equal(await emailIn(page), null);
      const names = (await context.cookies()).map(({ name }) => name);
      assert.ok(!names.some((name) => name.includes("session")), names.join());
    }
    assert.equal(await stage.readSession(person), undefined);

    await attacker.page.goto(callback); // where it is good
    assert.equal(await emailIn(attacker.page), person.email);
  }));

Deno.test("a code that comes twice signs nobody out and nobody in again", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page } = browser;
    await beginOAuth(browser);
    const callback = await stopBeforeCallback(browser, person.email);
    await page.goto(callback);
    assert.equal(page.url(), PAGE);
    const session = await stage.readSession(person);
    await page.goto(callback);
    assert.equal(page.url(), `${app}/?auth_error=flow_state_not_found`);
    assert.equal(await emailIn(page), person.email);
    assert.equal((await stage.readSession(person))?.["id"], session?.["id"]);
  }));

Deno.test("a flow that took too long signs nobody in, and the next one does", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page } = browser;
    const { authSettings } = stack;
    await beginOAuth(browser);
    const callback = await stopBeforeCallback(browser, person.email);
    authSettings.flowLifetimeSeconds = 0;
    await page.goto(callback).finally(() => authSettings.flowLifetimeSeconds = 300);
    assert.equal(page.url(), `${app}/deep/page?tab=2&auth_error=flow_state_expired#part`);
    assert.equal(await emailIn(page), null);
    await leaveForProvider(page);
    await answerProvider(page, person.email);
    await arriveAt(page, PAGE);
    assert.equal(await emailIn(page), person.email);
  }));

Deno.test("too long a stay at the provider ends at the site URL, and the next flow signs in", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page } = browser;
    const { authSettings } = stack;
    await beginOAuth(browser);
    authSettings.flowLifetimeSeconds = 0;
    await answerProvider(page, person.email);
    await arriveAt(page, /^[^?]*\?error=invalid_request&error_code=bad_oauth_state/)
      .finally(() => authSettings.flowLifetimeSeconds = 300);
    assert.equal(new URL(page.url()).origin, authSettings.siteUrl);
    assert.equal(await emailIn(page), null);
    await beginOAuth(browser);
    await answerProvider(page, person.email);
    await arriveAt(page, PAGE);
    assert.equal(await emailIn(page), person.email);
  }));

Deno.test("a popup goes to the provider and back, and the page below stays as it is", () =>
  withBrowsers(async (open) => {
    const [{ page }, person] = [await open(), await stage.createPerson()];
    await page.goto(PAGE);
    assert.equal(await emailIn(page), null);
    await page.evaluate("globalThis.untouched = true");
    const opened = nextPopup(page);
    const kind = page.evaluate(
      "session.signIn.withOAuth({ provider: 'keycloak', popup: true }).then(({ kind }) => kind)",
    );
    const popup = await opened;
    await answerProvider(popup, person.email);
    assert.equal(await kind, "signed-in");
    assert.ok(popup.isClosed());
    assert.equal(await emailIn(page), person.email);
    assert.ok(await page.evaluate("untouched"));
    assert.equal(page.url(), PAGE);
  }));

Deno.test("with Supabase Auth away on the way back the page's link tries again, and signs in", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page } = browser;
    await beginOAuth(browser);
    stage.setAway(/POST \/auth\/v1\/token/);
    await answerProvider(page, person.email);
    await follow(page, named("Try again", "link"));
    await see(page, named("Try again", "link"));
    stage.setAway(null);
    await follow(page, named("Try again", "link"));
    await arriveAt(page, PAGE);
    assert.equal(await emailIn(page), person.email);
  }));

Deno.test("with Supabase Auth away at the start the page's link tries again, and goes on", () =>
  withBrowsers(async (open) => {
    const { page } = await open();
    stage.setAway(/GET \/auth\/v1\/authorize/);
    await page.goto(PAGE);
    await page.evaluate("void session.signIn.withOAuth({ provider: 'keycloak' })");
    await see(page, named("Try again", "link"));
    stage.setAway(null);
    await follow(page, named("Try again", "link"));
    await see(page, named("Who are you?", "heading"));
  }));

Deno.test("twenty tabs that leave for the provider at once all come back, each to its own page", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const pages = await Promise.all(
      Array.from({ length: 20 }, () => browser.context.newPage()),
    );
    await Promise.all(pages.map(async (page, at) => {
      const query = new URLSearchParams({ provider: "keycloak", return_to: `/tab/${at}` });
      await page.goto(`${app}/functions/v1/unified-auth/authorize?${query}`);
    }));
    for (const [at, page] of pages.entries()) {
      await answerProvider(page, person.email);
      await arriveAt(page, `${app}/tab/${at}`);
    }
    const { page } = browser;
    await page.goto(PAGE);
    assert.equal(await emailIn(page), person.email);
    const [row] = await sql`
      select count(*)::int as live from public.sessions where user_id = ${person.id} and is_valid`;
    assert.equal(row?.["live"], 1);
    const left = (await browser.context.cookies()).filter(({ name }) => name.includes("sign_in"));
    assert.deepEqual(left, []);
  }));
