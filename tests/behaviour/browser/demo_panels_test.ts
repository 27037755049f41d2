import assert from "node:assert/strict";
import { fillIn, intercept, named, press, see } from "../../harness/browser/page.ts";
import { openDemoPage, signIn } from "./demo_stage.ts";

Deno.test("nothing of one user stays on the demo's page for the next, though nothing new can be loaded", async () => {
  await using demo = await openDemoPage();
  const { page, complaints } = demo;
  await page.goto(demo.baseUrl);
  await signIn(page);
  await page.waitForSelector("#notes li");
  await page.waitForSelector("#devices li");

  const lists = /\/(?:demo\/entries|unified-auth\/sessions)$/;
  await intercept(page, lists, (request) => request.abort());
  await press(page, "Sign out");
  await fillIn(page, "E-mail", "grace@example.com");
  await signIn(page);
  await see(page, "#who::-p-text(grace@example.com)");
  assert.equal((await page.$$("#notes li")).length, 0);
  assert.equal((await page.$$("#devices li")).length, 0);
  assert.deepEqual(complaints, []);
});

Deno.test("an entry that was not saved says so until the next one", async () => {
  await using demo = await openDemoPage();
  const { page, complaints } = demo;
  await page.goto(demo.baseUrl);
  await signIn(page);
  await page.waitForSelector("#notes li");
  await fillIn(page, "New entry", "Lost");
  let isBroken = true;
  await intercept(
    page,
    /\/demo\/entries$/,
    (request) => isBroken ? request.respond({ status: 500, body: "{}" }) : request.continue(),
  );
  await press(page, "Add");
  const problem = "#dashboard [role=alert]::-p-text(status 500)";
  await see(page, problem);
  await new Promise((resolve) => setTimeout(resolve, 1_500)); // The page renders each second.
  assert.equal((await page.$$(problem)).length, 1);
  assert.equal(await page.$eval("#note", (input) => (input as HTMLInputElement).value), "Lost");

  isBroken = false;
  await press(page, "Add");
  await see(page, "#notes li::-p-text(Lost)");
  assert.equal((await page.$$(problem)).length, 0);
  assert.deepEqual(complaints, []);
});

Deno.test("a warning appears in a region that was there, and counts down without taking the focus away", async () => {
  await using demo = await openDemoPage();
  const { page, complaints } = demo;
  await page.goto(demo.baseUrl);
  assert.deepEqual(
    await page.$$eval(
      "#banner :is([role=status], [role=alert])",
      (regions) => regions.map((region) => [region.checkVisibility(), region.textContent]),
    ),
    [[true, ""], [true, ""]],
  );
  await signIn(page);

  await page.evaluateOnNewDocument(endSoon);
  await page.reload();
  await see(page, "#banner [role=status]::-p-text(ends in 3 min)");
  const stay = named("Stay signed in", "button");
  await page.focus(stay);
  await see(page, "#banner [role=status]::-p-text(ends in 2 min)");
  assert.ok(await page.$eval(stay, (button) => button === document.activeElement));

  await page.evaluate(() => Reflect.set(globalThis, "lastsLong", true));
  await page.keyboard.press("Enter");
  await page.waitForSelector("#banner [role=status]:empty");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  assert.deepEqual(complaints, []);
});

/** Lets the page hear that its session ends in two minutes, until `lastsLong`. */
function endSoon(): void {
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init) => {
    const response = await fetch(input, init);
    const isAnswer = /unified-auth\/(validate|refresh)$/.test(response.url);
    if (!isAnswer || !response.ok || Reflect.get(globalThis, "lastsLong")) return response;
    const body = await response.json();
    body.session.refresh_token_expires_in = 123;
    return Response.json(body);
  };
}
