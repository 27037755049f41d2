import assert from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { fillIn, follow, press, see, textOf } from "../../harness/browser/page.ts";
import { addVirtualAuthenticator } from "./virtual_authenticator.ts";
import { TOTP_STEP_MS, totpCode } from "../../../local/platform/auth/totp.ts";
import {
  assertSignedIn,
  NEW_PASSWORD,
  openSignedOutDemo,
  signInByPassword,
} from "./demo_sign_in_stage.ts";
import { seriousViolations } from "./demo_stage.ts";

async function changePassword(page: Page, password: string): Promise<void> {
  await page.locator("summary::-p-text(Change the password)").click();
  await fillIn(page, "New password", password);
  await press(page, "Change the password");
}

/** A code that was not given before, as each is taken once. */
type NextCode = () => string;

/** Enrolls an authenticator app with the code that the demo's own shows. */
async function enrollAuthenticator(page: Page): Promise<NextCode> {
  await page.locator("summary::-p-text(Add an authenticator app)").click();
  await press(page, "Show the QR code");
  await see(page, "img[alt^='QR code']");
  assert.ok(await page.$eval("img[alt^='QR code']", ({ naturalWidth }) => naturalWidth > 0));
  const secret = await textOf(page, "#totp-secret");
  const first = await textOf(page, "#codes code");
  await fillIn(page, "First code", first);
  await press(page, "Verify");
  await see(page, "::-p-text(a sign-in asks for a code)");
  const given = [first];
  return () => {
    // Supabase Auth takes the code of the half minute before and after, too.
    const code = [0, 1, -1].map((step) => totpCode(secret, Date.now() + step * TOTP_STEP_MS))
      .find((each) => !given.includes(each)) ?? assert.fail("every code of this minute was used");
    given.push(code);
    return code;
  };
}

async function enterFactorCode(page: Page, code: string): Promise<void> {
  await fillIn(page, "Code of the second factor", code);
  await press(page, "Continue");
}

Deno.test("a password change keeps the browser that made it signed in, and no other", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  const { page: other } = await demo.openPage();
  await other.goto(demo.baseUrl);
  for (const browser of [page, other]) {
    await signInByPassword(browser, { email });
    await assertSignedIn(browser, demo);
  }

  await changePassword(page, "short");
  await see(page, "#change-password-problem::-p-text(too weak)");
  await fillIn(page, "New password", NEW_PASSWORD);
  await press(page, "Change the password");
  await see(page, "::-p-text(This browser stays signed in)");
  assert.deepEqual(await seriousViolations(page), []);
  await page.reload();
  await assertSignedIn(page, demo);

  await other.reload();
  await see(other, "#sign-in");
  await signInByPassword(other, { email });
  await see(other, "#sign-in-problem::-p-text(password is wrong)");
  await signInByPassword(other, { email, password: NEW_PASSWORD });
  await assertSignedIn(other, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("the next sign-in asks for a code of an authenticator app that was enrolled", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await signInByPassword(page, { email });
  await assertSignedIn(page, demo);
  const nextCode = await enrollAuthenticator(page);
  assert.deepEqual(await seriousViolations(page), []);
  await assertSignedIn(page, demo);

  await press(page, "Sign out");
  await signInByPassword(page, { email });
  await enterFactorCode(page, "000000");
  await see(page, "#factor-problem::-p-text(wrong)");
  assert.equal(await textOf(page, "#status"), "Signed out");
  assert.deepEqual(await seriousViolations(page), []);
  await enterFactorCode(page, nextCode());
  await assertSignedIn(page, demo);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  assert.deepEqual(complaints, []);
});

Deno.test("a sign-in at the provider comes back to the question for the second factor", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await signInByPassword(page, { email });
  await assertSignedIn(page, demo);
  const nextCode = await enrollAuthenticator(page);
  await press(page, "Sign out");

  await fillIn(page, "E-mail", email);
  await press(page, "Continue with the local provider");
  await press(page, "This is me");
  await enterFactorCode(page, nextCode());
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a change of an account with a second factor is made after its code, and a removed factor is asked for no more", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await signInByPassword(page, { email });
  await assertSignedIn(page, demo);
  const nextCode = await enrollAuthenticator(page);

  await changePassword(page, NEW_PASSWORD);
  await enterFactorCode(page, nextCode());
  await see(page, "::-p-text(This browser stays signed in)");
  await press(page, "Remove this app");
  await enterFactorCode(page, nextCode());
  await see(page, "::-p-text(the password alone signs in)");

  await press(page, "Sign out");
  await signInByPassword(page, { email, password: NEW_PASSWORD });
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a passkey that was added at localhost signs in there without a password", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await follow(page, "a::-p-text(localhost)");
  await addVirtualAuthenticator(page);
  await signInByPassword(page, { email });
  await assertSignedIn(page, demo);
  await page.locator("summary::-p-text(Add a passkey)").click();
  await press(page, "Add a passkey");
  await see(page, "::-p-text(signs in without a password)");
  assert.deepEqual(await seriousViolations(page), []);

  await press(page, "Sign out");
  await press(page, "Use a passkey");
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});
