import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import {
  assertSignedIn,
  enterCodeFromInbox,
  followLinkFromInbox,
  messageTo,
  NEW_PASSWORD,
  openSignedOutDemo,
  PASSWORD,
  press,
  signInByPassword,
} from "./demo_sign_in_stage.ts";
import { seriousViolations } from "./demo_stage.ts";

Deno.test("a token of Supabase Auth would be found in each place that a script can read", async () => {
  await using demo = await openSignedOutDemo();
  const { page, stack, tokens } = demo;
  const sql = stack.database.connectAs("supabase_auth_admin", { max: 1 });
  const [issued] = await sql`
    insert into auth.refresh_tokens (token) values ('abcdefghijkl') returning token`;
  await page.evaluate((token) => {
    localStorage.setItem("a", JSON.stringify({ token }));
    sessionStorage.setItem("a", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIifQ.c2ln");
    document.cookie = `a=${token}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    const request = indexedDB.open("a");
    request.onupgradeneeded = () => request.result.createObjectStore("a").put({ token }, 1);
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
    return promise;
  }, issued?.["token"]);
  assert.deepEqual(await tokens.readableIn(page), [
    "localStorage",
    "sessionStorage",
    "indexedDB",
    "cookie",
  ]);
});

Deno.test("a code from the inbox signs in", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await page.locator("#sign-in").getByLabel("Password").fill("");
  await press(page, "E-mail me a link and a code");
  await page.getByLabel("Code from the message").fill("000000");
  await press(page, "Continue");
  await page.locator("#code-problem", { hasText: "wrong" }).waitFor();
  assert.deepEqual(await seriousViolations(page), []);
  await enterCodeFromInbox(page, email);
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a magic link from the inbox signs in the browser that asked for it", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await press(page, "E-mail me a link and a code");
  await followLinkFromInbox(page, email);
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a link that another browser asked for signs in after the person has seen whose account it is", async () => {
  await using demo = await openSignedOutDemo();
  const { page: requesting, baseUrl, email } = demo;
  await press(requesting, "E-mail me a link and a code");
  await messageTo(requesting, email).waitFor();

  const { page, complaints } = await demo.openPage();
  await page.goto(baseUrl);
  await messageTo(page, email).getByRole("link").click();
  await press(page, "Continue");
  await page.getByText(`signs you in as ${email}`).waitFor();
  await press(page, "Yes, sign me in");
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a sign-up with the inbox's code asks for the password again, and signs in", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints } = demo;
  const email = `${crypto.randomUUID()}@example.com`;
  await page.getByLabel("E-mail").fill(email);
  await page.locator("#sign-in").getByLabel("Password").fill(PASSWORD);
  await press(page, "Sign up");
  await enterCodeFromInbox(page, email);
  await page.getByText(`Choose the password of ${email}`).waitFor();
  await page.locator("#password-step").getByLabel("New password").fill("short");
  await press(page, "Set the password");
  await page.locator("#password-problem", { hasText: "too weak" }).waitFor();
  assert.deepEqual(await seriousViolations(page), []);
  await page.locator("#password-step").getByLabel("New password").fill(PASSWORD);
  await press(page, "Set the password");
  await assertSignedIn(page, { ...demo, email });
  assert.deepEqual(complaints, []);
});

Deno.test("a reset with the inbox's code ends in a session, and the new password signs in from then on", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await press(page, "I forgot my password");
  await enterCodeFromInbox(page, email);
  await page.locator("#password-step").getByLabel("New password").fill(NEW_PASSWORD);
  await press(page, "Set the password");
  await assertSignedIn(page, demo);

  await press(page, "Sign out");
  await signInByPassword(page, { email });
  await page.locator("#sign-in-problem", { hasText: "password is wrong" }).waitFor();
  await signInByPassword(page, { email, password: NEW_PASSWORD });
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("the provider's word signs in by a redirect, and its refusal comes back to the page", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await press(page, "Continue with the local provider");
  await press(page, "I would rather not say");
  await page.locator("#sign-in-problem", { hasText: "refused" }).waitFor();
  assert.equal(new URL(page.url()).search, "", "the code does not stay in the address");

  await page.getByLabel("E-mail").fill(email);
  await press(page, "Continue with the local provider");
  await press(page, "This is me");
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a popup signs in by the provider's word, and tells the page of a refusal and of being closed", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints } = demo;
  const openPopup = async (): Promise<Page> => {
    const popup = page.waitForEvent("popup");
    await press(page, "Continue in a popup");
    return await popup;
  };
  await press(await openPopup(), "I would rather not say");
  await page.locator("#sign-in-problem", { hasText: "refused" }).waitFor();

  const closed = await openPopup();
  await closed.getByText("Who are you?").waitFor();
  await closed.close();
  await page.locator("#sign-in-problem", { hasText: "Cancelled" }).waitFor();

  await press(await openPopup(), "This is me");
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a sign-up's link comes back to the page, which asks for the password", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints } = demo;
  const email = `${crypto.randomUUID()}@example.com`;
  await page.getByLabel("E-mail").fill(email);
  await press(page, "Sign up");
  await followLinkFromInbox(page, email);
  await page.locator("#password-step").getByLabel("New password").fill(PASSWORD);
  await press(page, "Set the password");
  await assertSignedIn(page, { ...demo, email });
  assert.deepEqual(complaints, []);
});

Deno.test("a reset's link comes back to the page, which asks for the new password", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await press(page, "I forgot my password");
  await followLinkFromInbox(page, email);
  await page.locator("#password-step").getByLabel("New password").fill(NEW_PASSWORD);
  await press(page, "Set the password");
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});
