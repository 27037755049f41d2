import assert from "node:assert/strict";
import { fillIn, nextPopup, press, see } from "../../harness/browser/page.ts";
import {
  assertSignedIn,
  enterCodeFromInbox,
  followLinkFromInbox,
  messageTo,
  NEW_PASSWORD,
  openSignedOutDemo,
  PASSWORD,
  signInByPassword,
} from "./demo_sign_in_stage.ts";
import { seriousViolations, untilSignedIn } from "./demo_stage.ts";

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
  await fillIn(page, "Password", "");
  await press(page, "E-mail me a link and a code");
  await fillIn(page, "Code from the message", "000000");
  await press(page, "Continue");
  await see(page, "#code-problem::-p-text(wrong)");
  assert.deepEqual(await seriousViolations(page), []);
  await enterCodeFromInbox(page, email);
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a code from a text message signs in", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, stack } = demo;
  stack.authSettings.phoneEnabled = true;
  await fillIn(page, "Phone", "+4915550777");
  await press(page, "Text me a code");
  await enterCodeFromInbox(page, "+4915550777");
  await untilSignedIn(page);
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
  await see(requesting, messageTo(email));

  const { page, complaints } = await demo.openPage();
  await page.goto(baseUrl);
  await followLinkFromInbox(page, email);
  await see(page, `::-p-text(signs you in as ${email})`);
  await press(page, "Yes, sign me in");
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a sign-up with the inbox's code asks for the password again, and signs in", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints } = demo;
  const email = `${crypto.randomUUID()}@example.com`;
  await fillIn(page, "E-mail", email);
  await fillIn(page, "Password", PASSWORD);
  await press(page, "Sign up");
  await enterCodeFromInbox(page, email);
  await see(page, `::-p-text(Choose the password of ${email})`);
  await fillIn(page, "New password", "short");
  await press(page, "Set the password");
  await see(page, "#password-problem::-p-text(too weak)");
  assert.deepEqual(await seriousViolations(page), []);
  await fillIn(page, "New password", PASSWORD);
  await press(page, "Set the password");
  await assertSignedIn(page, { ...demo, email });
  assert.deepEqual(complaints, []);
});

Deno.test("a reset with the inbox's code ends in a session, and the new password signs in from then on", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await press(page, "I forgot my password");
  await enterCodeFromInbox(page, email);
  await fillIn(page, "New password", NEW_PASSWORD);
  await press(page, "Set the password");
  await assertSignedIn(page, demo);

  await press(page, "Sign out");
  await signInByPassword(page, { email });
  await see(page, "#sign-in-problem::-p-text(password is wrong)");
  await signInByPassword(page, { email, password: NEW_PASSWORD });
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("the provider's word signs in by a redirect, and its refusal comes back to the page", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await press(page, "Continue with the local provider");
  await press(page, "I would rather not say");
  await see(page, "#sign-in-problem::-p-text(refused)");
  assert.equal(new URL(page.url()).search, "", "the code does not stay in the address");

  await fillIn(page, "E-mail", email);
  await press(page, "Continue with the local provider");
  await press(page, "This is me");
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a popup signs in by the provider's word, and tells the page of a refusal and of being closed", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints } = demo;
  const openPopup = async () => {
    const popup = nextPopup(page);
    await press(page, "Continue in a popup");
    return await popup;
  };
  await press(await openPopup(), "I would rather not say");
  await see(page, "#sign-in-problem::-p-text(refused)");

  const closed = await openPopup();
  await see(closed, "::-p-text(Who are you?)");
  await closed.close();
  await see(page, "#sign-in-problem::-p-text(Cancelled)");

  await press(await openPopup(), "This is me");
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});

Deno.test("a sign-up's link comes back to the page, which asks for the password", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints } = demo;
  const email = `${crypto.randomUUID()}@example.com`;
  await fillIn(page, "E-mail", email);
  await press(page, "Sign up");
  await followLinkFromInbox(page, email);
  await fillIn(page, "New password", PASSWORD);
  await press(page, "Set the password");
  await assertSignedIn(page, { ...demo, email });
  assert.deepEqual(complaints, []);
});

Deno.test("a reset's link comes back to the page, which asks for the new password", async () => {
  await using demo = await openSignedOutDemo();
  const { page, complaints, email } = demo;
  await press(page, "I forgot my password");
  await followLinkFromInbox(page, email);
  await fillIn(page, "New password", NEW_PASSWORD);
  await press(page, "Set the password");
  await assertSignedIn(page, demo);
  assert.deepEqual(complaints, []);
});
