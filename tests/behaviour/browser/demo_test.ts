import assert from "node:assert/strict";
import { openDemoPage, playScenario, seriousViolations, signIn } from "./demo_stage.ts";

/** Each scenario of the page with the text it must show afterwards, and how the session stands then. */
const SCENARIOS = [
  { name: "Sleep for two hours", says: /still signed in, generation 2/, status: "Signed in" },
  {
    name: "Lose the next reply",
    says: /1 reply was lost.*still signed in, generation 2 became 3/,
    status: "Signed in",
  },
  { name: "Expire the access token", says: /200, 200, 200, still signed in/, status: "Signed in" },
  {
    name: "Go offline, and come back",
    says: /Offline: still signed in, .*cache\. Back: still signed in/,
    status: "Signed in",
  },
  {
    name: "Let a thief use a copied cookie",
    says: /got nothing: 401 proof_required.*still signed in, generation/,
    status: "Signed in",
  },
  { name: "Lose the browser's key", says: /ended \(key-lost\)/, status: "Session ended" },
  { name: "Sign in on five more devices", says: /ended \(evicted\)/, status: "Session ended" },
];

Deno.test("no scenario of the demo ends the session but a lost key and the limit of devices", async () => {
  await using demo = await openDemoPage();
  const { page, complaints } = demo;

  await page.goto(demo.baseUrl);
  await signIn(page);
  await page.waitForSelector("#devices li");
  assert.deepEqual(await seriousViolations(page), []);

  for (const { name, says, status } of SCENARIOS) {
    assert.match(await playScenario(page, name), says);
    await page.locator("#status", { hasText: status }).waitFor();
    assert.ok(await page.locator("#notes li").count() >= 2, "the data stays on the screen");
    if (status === "Signed in") continue;
    await page.locator("#banner [role=alert]", { hasText: "This session has ended" }).waitFor();
    assert.deepEqual(await seriousViolations(page), []);
    await signIn(page);
  }
  const logged = await page.locator("#log").innerText();
  for (
    const line of ["Slept for 2 h 00 min", "No answer: server", "Online again", "Session ended"]
  ) {
    assert.ok(logged.includes(line), `the log has: ${line}`);
  }

  await page.fill("#note", "Still here");
  await page.getByRole("button", { name: "Add" }).click();
  await page.locator("#notes li", { hasText: "Still here" }).waitFor();
  await page.getByRole("button", { name: /^Sign out there: Tablet/ }).click();
  await page.locator("#devices li", { hasText: "Tablet" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForSelector("#sign-in:not([hidden])");
  assert.deepEqual(complaints, []);
});

Deno.test("the demo can be used by keyboard alone, and shows where the focus is", async () => {
  await using demo = await openDemoPage();
  const { page, complaints } = demo;
  await page.goto(demo.baseUrl);
  await page.waitForSelector("#sign-in:not([hidden])");

  const focused = () =>
    page.evaluate(() => {
      const { activeElement: element } = document;
      const { outlineStyle, outlineWidth } = getComputedStyle(element ?? document.body);
      return {
        text: element?.textContent?.trim() ?? "",
        outline: `${outlineStyle} ${outlineWidth}`,
      };
    });
  const tabTo = async (text: string): Promise<void> => {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press("Tab");
      if ((await focused()).text === text) return;
    }
    throw new Error(`Never reached by Tab: ${text}`);
  };

  await page.keyboard.press("Tab");
  assert.equal((await focused()).text, "Skip to the app");
  await page.keyboard.press("Enter");
  await tabTo("Sign in");
  assert.equal((await focused()).outline, "solid 3px");
  await page.keyboard.press("Enter");
  await page.locator("#status", { hasText: "Signed in" }).waitFor();
  await tabTo("Sleep for two hours");
  assert.equal((await focused()).outline, "solid 3px");
  await page.keyboard.press("Enter");
  await page.locator('#scenarios li[data-result="kept"]').waitFor();
  assert.equal((await focused()).text, "Sleep for two hours", "the place is not lost");
  assert.deepEqual(complaints, []);
});

Deno.test("the demo fits a phone, in the dark and without motion, and a second tab follows", async () => {
  await using demo = await openDemoPage({ colorScheme: "dark", width: 390 });
  const { page, complaints } = demo;
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.goto(demo.baseUrl);
  await page.waitForSelector("#sign-in:not([hidden])");
  const look = async () => [
    await seriousViolations(page),
    await page.evaluate(() => [
      document.documentElement.scrollWidth - document.documentElement.clientWidth,
      getComputedStyle(document.querySelector("button") ?? document.body).transitionDuration,
    ]),
  ];
  const fits = [[], [0, "0s"]]; // nothing to scroll sideways, nothing that moves
  assert.deepEqual(await look(), fits);
  await signIn(page);
  for (const summary of await page.locator("summary:visible").all()) await summary.click();
  await page.getByRole("button", { name: "Show the QR code" }).click();
  await page.getByAltText("QR code").waitFor();
  assert.deepEqual(await look(), fits);

  const second = await page.context().newPage();
  await second.goto(demo.baseUrl);
  await second.locator("#status", { hasText: "Signed in" }).waitFor();
  assert.match(await playScenario(page, "Sleep for two hours"), /still signed in, generation 2/);
  await second.locator("#facts", { hasText: /Generation\s*2/ }).waitFor();
  // Tabs that date what they share by different clocks take each other's for unknown, and refresh
  // against each other with each heartbeat.
  await page.waitForTimeout(1_500);
  for (const tab of [page, second]) {
    assert.match(await tab.locator("#facts").innerText(), /Generation\s*2[^]*Verified\s*yes/);
  }
  await playScenario(page, "Lose the next reply");
  await second.locator("#facts", { hasText: "follows another tab" }).waitFor();
  await page.locator("#facts", { hasText: "refreshes for all tabs" }).waitFor();
  assert.deepEqual(complaints, []);
});
