import assert from "node:assert/strict";
import { arriveAt, intercept, named, press, see, textOf } from "../../harness/browser/page.ts";
import { emailIn, openSignInStage, type Person, type SignInBrowser } from "./sign_in_stage.ts";

const stage = await openSignInStage();
Deno.test.afterAll(() => stage.close());

const { app, withBrowsers } = stage;
const PAGE = `${app}/deep/page?tab=a%20b#part`;
const NEW_PASSWORD = "another-horse-battery-staple";

/** Asks for a mail on `PAGE`; answers where its link leads. */
async function requestLink(
  { page }: SignInBrowser,
  { email }: Person,
  method: "withOtp" | "resetPassword" = "withOtp",
): Promise<string> {
  await page.goto(PAGE);
  assert.equal(await emailIn(page), null);
  await page.evaluate(`session.signIn.${method}({ email: ${JSON.stringify(email)} })`);
  return stage.lastLink(email);
}

/** Opens the link in a browser that did not request the mail, which must confirm the account. */
async function openInOtherBrowser({ page }: SignInBrowser, link: string): Promise<void> {
  await page.goto(link);
  await press(page, "Continue");
  await see(page, named("Yes, sign me in", "button"));
}

const countVerifies = ({ calls }: SignInBrowser) =>
  calls.filter((call) => call === "POST /verify").length;

Deno.test("a link that scanners have fetched redeems nothing before its button, which signs in where it was asked for", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page, complaints } = browser;
    const link = await requestLink(browser, person);
    for (const method of ["HEAD", "GET", "GET", "HEAD"]) {
      const scanned = await fetch(link, { method });
      assert.equal(scanned.status, 200);
      await scanned.body?.cancel();
    }
    await page.goto(link);
    await page.reload();
    await page.waitForNetworkIdle();
    assert.equal(countVerifies(browser), 0);
    assert.equal(await stage.readSession(person), undefined);
    await press(page, "Continue");
    await arriveAt(page, PAGE);
    assert.equal(await emailIn(page), person.email);
    assert.equal(countVerifies(browser), 1);
    assert.deepEqual(complaints, []);
  }));

Deno.test("the link's page runs its own script and no other, and no frame shows its button", () =>
  withBrowsers(async (open) => {
    const [{ page }, person] = [await open(), await stage.createPerson()];
    await requestLink(await open(), person);
    const link = stage.lastLink(person.email);
    await page.goto(link);
    const blocked = await page.evaluate(`(async () => {
      const blocked = [];
      addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "globalThis.injected = true";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", '<img src="/x" onerror="injected = true">');
      await fetch("https://evil.example/").catch(() => undefined);
      const deadline = Date.now() + 5_000;
      while (blocked.length < 4 && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return [...blocked.toSorted(), String(globalThis.injected)];
    })()`);
    const directives = ["connect-src", "img-src", "script-src-attr", "script-src-elem"];
    assert.deepEqual(blocked, [...directives, "undefined"]);

    await page.goto(app);
    await page.evaluate(`new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.onload = resolve;
      frame.src = ${JSON.stringify(link)};
      document.body.append(frame);
    })`);
    const [, frame] = page.frames();
    assert.equal((await frame?.$$("button"))?.length, 0);
  }));

Deno.test("in another browser the page names the account, and signs in after a yes", () =>
  withBrowsers(async (open) => {
    const [requesting, other] = [await open(), await open()];
    const person = await stage.createPerson();
    await openInOtherBrowser(other, await requestLink(requesting, person));
    const { page, complaints } = other;
    assert.match(await textOf(page, "#question"), new RegExp(person.email));
    assert.equal(await stage.readSession(person), undefined);
    await press(page, "Yes, sign me in");
    await arriveAt(page, `${app}/`);
    assert.equal(await emailIn(page), person.email);
    assert.equal(await emailIn(requesting.page), null);
    assert.deepEqual(complaints, []);
  }));

Deno.test("a no in another browser leaves everything as it was, also for who is signed in there", () =>
  withBrowsers(async (open) => {
    const [requesting, visitor, member] = [await open(), await open(), await open()];
    const [person, owner] = [await stage.createPerson(), await stage.createPerson()];
    await member.page.goto(app);
    const { email, password } = owner;
    await member.page.evaluate(
      `session.signIn.withPassword(${JSON.stringify({ email, password })})`,
    );
    const session = await stage.readSession(owner);
    for (const [browser, before] of [[visitor, null], [member, owner.email]] as const) {
      await openInOtherBrowser(browser, await requestLink(requesting, person));
      await press(browser.page, "No");
      await arriveAt(browser.page, `${app}/`);
      assert.equal(await emailIn(browser.page), before);
      const halfDone = await stage.sql`select id from auth.sessions where user_id = ${person.id}`;
      assert.deepEqual([...halfDone], []);
      const cookies = await browser.context.cookies();
      assert.deepEqual(cookies.filter(({ name }) => name.includes("sign_in_pending")), []);
    }
    assert.equal(await stage.readSession(person), undefined);
    assert.equal((await stage.readSession(owner))?.["id"], session?.["id"]);
    assert.ok((await stage.readSession(owner))?.["is_valid"]);
  }));

Deno.test("a yes holds for the account on the page, and not for the one of another tab's link", () =>
  withBrowsers(async (open) => {
    const [requesting, other] = [await open(), await open()];
    const [person, attacker] = [await stage.createPerson(), await stage.createPerson()];
    await openInOtherBrowser(other, await requestLink(requesting, person));
    const link = await requestLink(requesting, attacker);
    await openInOtherBrowser({ ...other, page: await other.context.newPage() }, link);
    await other.page.bringToFront();
    await press(other.page, "Yes, sign me in");
    await arriveAt(other.page, `${app}/?auth_error=flow_state_not_found`);
    assert.equal(await emailIn(other.page), null);
  }));

Deno.test("the button redeems once, however often it is pressed until the page has left", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page } = browser;
    await page.goto(await requestLink(browser, person));
    await intercept(page, /\/deep\/page/, async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await request.continue();
    });
    await page.evaluate("void setInterval(() => document.getElementById('go').click(), 20)");
    await arriveAt(page, PAGE);
    assert.equal(await emailIn(page), person.email);
    assert.equal(countVerifies(browser), 1);
  }));

Deno.test("a used link is reported to the page it leads to, by code, and signs nobody out", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page } = browser;
    const link = await requestLink(browser, person);
    await page.goto(link);
    await press(page, "Continue");
    await arriveAt(page, PAGE);
    await page.goto(link);
    await press(page, "Continue");
    await arriveAt(page, `${app}/?auth_error=otp_expired`);
    const outcome = "session.signIn.returnOutcome().then(({ kind, code }) => [kind, code])";
    assert.deepEqual(await page.evaluate(outcome), ["refused", "otp_expired"]);
    assert.equal(page.url(), `${app}/`);
    assert.equal(await emailIn(page), person.email);
  }));

Deno.test("with Supabase Auth away the page says so, and the same button signs in when it is back", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page } = browser;
    await page.goto(await requestLink(browser, person));
    stage.setAway(/POST \/auth\/v1\/verify/);
    await press(page, "Continue");
    await see(page, "[role=alert]::-p-text(try again)");
    stage.setAway(null);
    await press(page, "Continue");
    await arriveAt(page, PAGE);
    assert.equal(await emailIn(page), person.email);
  }));

Deno.test("a recovery's link leads back to where it was asked for, and to a new password there", () =>
  withBrowsers(async (open) => {
    const [browser, person] = [await open(), await stage.createPerson()];
    const { page } = browser;
    await page.goto(await requestLink(browser, person, "resetPassword"));
    await press(page, "Continue");
    await arriveAt(page, `${app}/deep/page?tab=a%20b&auth_step=password_required#part`);
    assert.equal(await emailIn(page), null);
    const kinds = await page.evaluate(`(async () => [
      (await session.signIn.returnOutcome()).kind,
      (await session.signIn.setPassword({ password: "short" })).kind,
      (await session.signIn.setPassword({ password: ${JSON.stringify(NEW_PASSWORD)} })).kind,
    ])()`);
    assert.deepEqual(kinds, ["password-required", "refused", "signed-in"]);
    assert.equal(page.url(), PAGE);
    assert.equal(await emailIn(page), person.email);
    assert.match(JSON.stringify((await stage.readSession(person))?.["amr"]), /recovery/);
  }));

Deno.test("a sign-up's link leads back to where it was asked for, and asks for the password again", () =>
  withBrowsers(async (open) => {
    const { page } = await open();
    const request = { email: `${crypto.randomUUID()}@example.com`, password: NEW_PASSWORD };
    await page.goto(PAGE);
    assert.equal(await emailIn(page), null);
    await page.evaluate(`session.signIn.signUp(${JSON.stringify(request)})`);
    await page.goto(stage.lastLink(request.email));
    await press(page, "Continue");
    await arriveAt(page, `${app}/deep/page?tab=a%20b&auth_step=password_required#part`);
    assert.equal(await emailIn(page), null);
    const kinds = await page.evaluate(`(async () => [
      (await session.signIn.returnOutcome()).kind,
      (await session.signIn.setPassword({ password: ${JSON.stringify(NEW_PASSWORD)} })).kind,
    ])()`);
    assert.deepEqual(kinds, ["password-required", "signed-in"]);
    assert.equal(page.url(), PAGE);
    assert.equal(await emailIn(page), request.email);
  }));
