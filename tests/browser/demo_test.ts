import assert from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { createDemo } from "../../local/demo/site.ts";
import { SEED_USERS } from "../../local/seed_users.ts";
import { openTestServer } from "../../local/testing.ts";
import { launchChromium } from "./chromium.ts";

/** Each deed of the page with what it must say afterwards, and how the session stands then. */
const DEEDS = [
  { name: "Sleep for two hours", says: /still signed in, generation 2/, status: "Signed in" },
  {
    name: "Lose the next reply",
    says: /1 reply was lost.*still signed in, generation 2 became 3/,
    status: "Signed in",
  },
  { name: "Expire the access token", says: /200, 200, 200, still signed in/, status: "Signed in" },
  {
    name: "Go offline, and come back",
    says: /Offline: still signed in.*Back: still signed in/,
    status: "Signed in",
  },
  { name: "Let a thief use a copied cookie", says: /expired \(reused\)/, status: "Session over" },
  { name: "Sign in on five more devices", says: /expired \(evicted\)/, status: "Session over" },
];

Deno.test("the demo does to a session what life does, and only a thief and a cap end it", async () => {
  await using server = await openTestServer();
  await using database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  await using stack = await server.startStack({
    database,
    site: (project) => createDemo({ ...project, sql, user: SEED_USERS.ada }),
  });
  await using chromium = await launchChromium();
  const { page, complaints } = await chromium.openPage();

  await page.goto(stack.baseUrl);
  await signIn(page);
  await page.waitForSelector("#devices li");
  assert.deepEqual(await seriousViolations(page), []);

  for (const deed of DEEDS) {
    await page.getByRole("button", { name: deed.name }).click();
    const told = page.locator("#deeds li", { hasText: deed.name }).locator(".told");
    await told.filter({ hasText: deed.says }).waitFor();
    await page.locator("#status", { hasText: deed.status }).waitFor();
    if (deed.status === "Session over") await signIn(page);
  }

  await page.fill("#note", "Still here");
  await page.getByRole("button", { name: "Add" }).click();
  await page.locator("#notes li", { hasText: "Still here" }).waitFor();
  await page.getByRole("button", { name: /^Sign out there: Tablet/ }).click();
  await page.locator("#devices li", { hasText: "Tablet" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForSelector("#sign-in:not([hidden])");
  assert.deepEqual(complaints, []);

  const phone = await chromium.openPage({ colorScheme: "dark", width: 390 });
  await phone.page.goto(stack.baseUrl);
  await signIn(phone.page);
  assert.deepEqual(await seriousViolations(phone.page), []);
  const overflow = await phone.page.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth
  );
  assert.equal(overflow, 0, "a phone does not scroll sideways");
  assert.deepEqual(phone.complaints, []);
});

async function signIn(page: Page): Promise<void> {
  await page.waitForSelector("#sign-in:not([hidden])");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.locator("#status", { hasText: "Signed in" }).waitFor();
}

/** What axe calls serious or critical. */
async function seriousViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}
