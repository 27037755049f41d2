import assert from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { TOTP_STEP_MS, totpCode } from "../../../local/platform/auth/totp.ts";
import { arriveAt, evaluate, press } from "../../harness/browser/page.ts";
import {
  answerProvider,
  emailIn,
  leaveForProvider,
  openSignInStage,
  type Person,
  type SignInBrowser,
} from "./sign_in_stage.ts";
import { findTraces } from "./token_traces.ts";

const stage = await openSignInStage();
Deno.test.afterAll(() => stage.close());

const { app, issued, replies, withBrowsers } = stage;
const NEW_PASSWORD = "another-horse-battery-staple";

/** Calls a method of the page's `session.signIn`, which must come to this. */
async function call(
  page: Page,
  { method, request = {}, kind }: {
    readonly method: string;
    readonly request?: object;
    readonly kind: string;
  },
): Promise<Readonly<Record<string, unknown>>> {
  const outcome = await evaluate<{ readonly kind: string }>(
    page,
    `session.signIn.${method}(${JSON.stringify(request)})`,
  );
  assert.equal(outcome.kind, kind, JSON.stringify(outcome));
  return { ...outcome };
}

async function assertNoTraces({ page }: SignInBrowser): Promise<void> {
  assert.ok(issued.length > 0, "Supabase Auth gave no token");
  assert.deepEqual(await findTraces(page, { secrets: issued }), []);
  const leaking = replies.filter((reply) => issued.some((token) => reply.includes(token)));
  assert.deepEqual(leaking, []);
}

async function openLink({ page }: SignInBrowser, { email }: Person): Promise<void> {
  await page.goto(stage.lastLink(email));
  await press(page, "Continue");
}

type Flow = (browser: SignInBrowser, person: Person) => Promise<void>;

const WAYS: Readonly<Record<string, Flow>> = {
  async "a password"({ page }, { email, password }) {
    await call(page, { method: "withPassword", request: { email, password }, kind: "signed-in" });
  },
  async "a provider"({ page }, { email }) {
    await leaveForProvider(page);
    await answerProvider(page, email);
    await arriveAt(page, `${app}/`);
  },
  async "a mail's code"({ page }, { email }) {
    await call(page, { method: "withOtp", request: { email }, kind: "message-sent" });
    const { token } = stage.stack.mailbox.messages.findLast(({ to }) => to === email) ??
      assert.fail("no mail");
    await call(page, { method: "verifyOtp", request: { email, token }, kind: "signed-in" });
  },
  async "a mail's link"(browser, person) {
    const request = { email: person.email };
    await call(browser.page, { method: "withOtp", request, kind: "message-sent" });
    await openLink(browser, person);
    await arriveAt(browser.page, `${app}/`);
  },
  async "a mail's link in another browser"(browser, person) {
    const { email } = person;
    await stage.post("/otp", { email });
    await openLink(browser, person);
    await press(browser.page, "Yes, sign me in");
    await arriveAt(browser.page, `${app}/`);
  },
  async "a recovery"(browser, person) {
    const { page } = browser;
    const request = { email: person.email };
    await call(page, { method: "resetPassword", request, kind: "message-sent" });
    await openLink(browser, person);
    await arriveAt(page, `${app}/?auth_step=password_required`);
    await emailIn(page);
    await assertNoTraces(browser);
    await call(page, {
      method: "setPassword",
      request: { password: NEW_PASSWORD },
      kind: "signed-in",
    });
  },
  async "a second factor"(browser, { email, password }) {
    const { page } = browser;
    const login = { method: "withPassword", request: { email, password } };
    await call(page, { ...login, kind: "signed-in" });
    const enrolled = await call(page, {
      method: "mfa.enroll",
      request: { type: "totp", friendlyName: "App" },
      kind: "enrolled",
    });
    const { factor, totp } = enrolled as unknown as {
      readonly factor: { readonly id: string };
      readonly totp: { readonly secret: string };
    };
    await assertNoTraces(browser);
    const verify = (atMs: number) =>
      call(page, {
        method: "mfa.verify",
        request: { factorId: factor.id, code: totpCode(totp.secret, atMs) },
        kind: "signed-in",
      });
    await verify(Date.now());
    await page.evaluate("session.signOut()");
    await call(page, { ...login, kind: "mfa-required" });
    await assertNoTraces(browser);
    await verify(Date.now() + TOTP_STEP_MS); // the other one was used
  },
  async "a changed password"({ page }, { email, password }) {
    await call(page, { method: "withPassword", request: { email, password }, kind: "signed-in" });
    const request = { currentPassword: password, password: NEW_PASSWORD };
    await call(page, { method: "changePassword", request, kind: "changed" });
  },
};

for (const [way, follow] of Object.entries(WAYS)) {
  Deno.test(`after ${way} no script and no history holds anything of Supabase Auth's`, () =>
    withBrowsers(async (open) => {
      const [browser, person] = [await open(), await stage.createPerson()];
      await browser.page.goto(app);
      assert.equal(await emailIn(browser.page), null);
      await follow(browser, person);
      assert.equal(await emailIn(browser.page), person.email);
      await assertNoTraces(browser);
    }));
}

Deno.test("the search finds a token in each of the places where it looks", () =>
  withBrowsers(async (open) => {
    const { page } = await open();
    await page.goto(`${app}/?code=00000000-0000-4000-8000-000000000000`);
    await page.goto(`${app}/#access_token=secret-1`);
    await page.evaluate(`(async () => {
      const token = "eyJhbGciOiJub25lIn0.e30.";
      localStorage.setItem("sb-auth-token", JSON.stringify({ token }));
      sessionStorage.setItem("verifier", "secret-1");
      document.cookie = "sb-refresh=secret-1";
      history.replaceState({ token }, "");
      globalThis.name = "secret-1";
      const opening = indexedDB.open("app", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("kept").add(token, 1);
      await new Promise((resolve) => opening.onsuccess = resolve);
      opening.result.close();
    })()`);
    const found = await findTraces(page, { secrets: ["secret-1"] });
    const places = new Set(found.map((trace) => trace.slice(0, trace.indexOf(":"))));
    assert.deepEqual([...places], [
      "localStorage",
      "sessionStorage",
      "indexedDB",
      "cookie",
      "history.state",
      "name of the tab",
      "loaded addresses",
      "history",
    ]);
  }));
