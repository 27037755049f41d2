import assert from "node:assert/strict";
import { openDemoPage, signIn } from "./demo_stage.ts";

Deno.test("nothing of one user stays on the demo's page for the next, though nothing new can be loaded", async () => {
  await using demo = await openDemoPage();
  const { page, complaints } = demo;
  await page.goto(demo.baseUrl);
  await signIn(page);
  await page.waitForSelector("#notes li");
  await page.waitForSelector("#devices li");

  for (const path of ["**/demo/entries", "**/unified-auth/sessions"]) {
    await page.route(path, (route) => route.abort());
  }
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForSelector("#sign-in:not([hidden])");
  await page.getByLabel("E-mail").fill("grace@example.com");
  await signIn(page);
  await page.locator("#who", { hasText: "grace@example.com" }).waitFor();
  assert.equal(await page.locator("#notes li").count(), 0);
  assert.equal(await page.locator("#devices li").count(), 0);
  assert.deepEqual(complaints, []);
});

Deno.test("an entry that was not saved says so until the next one", async () => {
  await using demo = await openDemoPage();
  const { page, complaints } = demo;
  await page.goto(demo.baseUrl);
  await signIn(page);
  await page.waitForSelector("#notes li");
  await page.fill("#note", "Lost");
  await page.route("**/demo/entries", (route) => route.fulfill({ status: 500, json: {} }));
  await page.getByRole("button", { name: "Add" }).click();
  const problem = page.locator("#dashboard [role=alert]", { hasText: "status 500" });
  await problem.waitFor();
  await page.waitForTimeout(1_500); // The page renders each second.
  assert.equal(await problem.count(), 1);
  assert.equal(await page.inputValue("#note"), "Lost");

  await page.unroute("**/demo/entries");
  await page.getByRole("button", { name: "Add" }).click();
  await page.locator("#notes li", { hasText: "Lost" }).waitFor();
  assert.equal(await problem.count(), 0);
  assert.deepEqual(complaints, []);
});

Deno.test("a warning appears in a region that was there, and counts down without taking the focus away", async () => {
  await using demo = await openDemoPage();
  const { page, complaints } = demo;
  await page.goto(demo.baseUrl);
  const regions = page.locator("#banner [role=status], #banner [role=alert]");
  assert.deepEqual(
    await regions.evaluateAll((all) =>
      all.map((region) => [region.checkVisibility(), region.textContent])
    ),
    [[true, ""], [true, ""]],
  );
  await signIn(page);

  await page.addInitScript(endSoon);
  await page.reload();
  const warning = page.locator("#banner [role=status]");
  await warning.and(page.getByText("ends in 3 min")).waitFor();
  const stay = page.getByRole("button", { name: "Stay signed in" });
  await stay.focus();
  await warning.and(page.getByText("ends in 2 min")).waitFor();
  assert.equal(await stay.evaluate((button) => button === document.activeElement), true);

  await page.evaluate(() => Reflect.set(globalThis, "lastsLong", true));
  await page.keyboard.press("Enter");
  await warning.and(page.getByText(/^$/)).waitFor({ state: "attached" });
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
