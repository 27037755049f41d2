import assert from "node:assert/strict";
import { fillIn, press, see, textOf } from "../../harness/browser/page.ts";
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
    await see(page, `#status::-p-text(${status})`);
    assert.ok((await page.$$("#notes li")).length >= 2, "the data stays on the screen");
    if (status === "Signed in") continue;
    await see(page, "#banner [role=alert]::-p-text(This session has ended)");
    assert.deepEqual(await seriousViolations(page), []);
    await signIn(page);
  }
  const logged = await textOf(page, "#log");
  for (
    const line of ["Slept for 2 h 00 min", "No answer: server", "Online again", "Session ended"]
  ) {
    assert.ok(logged.includes(line), `the log has: ${line}`);
  }

  await fillIn(page, "New entry", "Still here");
  await press(page, "Add");
  await see(page, "#notes li::-p-text(Still here)");
  await page.locator("button[aria-label^='Sign out there: Tablet']").click();
  await page.waitForSelector("#devices li::-p-text(Tablet)", { hidden: true });
  await press(page, "Sign out");
  await see(page, "#sign-in");
  assert.deepEqual(complaints, []);
});

Deno.test("the demo can be used by keyboard alone, and shows where the focus is", async () => {
  await using demo = await openDemoPage();
  const { page, complaints } = demo;
  await page.goto(demo.baseUrl);
  await see(page, "#sign-in");

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
  await see(page, "#status::-p-text(Signed in)");
  await tabTo("Sleep for two hours");
  assert.equal((await focused()).outline, "solid 3px");
  await page.keyboard.press("Enter");
  await see(page, "#scenarios li[data-result=kept]");
  assert.equal((await focused()).text, "Sleep for two hours", "the place is not lost");
  assert.deepEqual(complaints, []);
});

Deno.test("the demo fits a phone, in the dark and without motion, and a second tab follows", async () => {
  await using demo = await openDemoPage();
  const { page, complaints } = demo;
  await page.setViewport({ width: 390, height: 900 });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: "dark" },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.goto(demo.baseUrl);
  await see(page, "#sign-in");
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
  for (const summary of await page.$$("summary")) {
    if (await summary.isVisible()) await summary.click();
  }
  await press(page, "Show the QR code");
  await see(page, "img[alt^='QR code']");
  assert.deepEqual(await look(), fits);

  const second = await page.browserContext().newPage();
  await second.goto(demo.baseUrl);
  await see(second, "#status::-p-text(Signed in)");
  assert.match(await playScenario(page, "Sleep for two hours"), /still signed in, generation 2/);
  await see(second, "#facts::-p-text(Generation2)");
  // Tabs that date what they share by different clocks take each other's for unknown, and refresh
  // against each other with each heartbeat.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  for (const tab of [page, second]) {
    assert.match(await textOf(tab, "#facts"), /Generation\s*2[^]*Verified\s*yes/);
  }
  await playScenario(page, "Lose the next reply");
  await see(second, "#facts::-p-text(follows another tab)");
  await see(page, "#facts::-p-text(refreshes for all tabs)");
  assert.deepEqual(complaints, []);
});
