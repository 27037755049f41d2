/**
 * `deno task screenshot`: puts the demo through two scenarios in a real Chromium and writes what it shows to
 * `docs/demo.png`, which the README begins with.
 *
 * @module
 */

import { startTestServer } from "../../../local/testing/test_server.ts";
import { launchChromium, openPage } from "../../harness/browser/chromium.ts";
import { openDemo, playScenario, signIn } from "./demo_stage.ts";

const TARGET = new URL("../../../docs/demo.png", import.meta.url).pathname;

await using server = await startTestServer();
await using demo = await openDemo(server);
await using chromium = await launchChromium();
const { page } = await openPage(chromium);
await page.goto(demo.baseUrl);
await signIn(page);
await playScenario(page, "Sleep for two hours");
await playScenario(page, "Lose the next reply");
await page.mouse.move(0, 0);
// Without the footer, which says what the README says.
const bottom = await page.evaluate(() =>
  document.querySelector("main")?.getBoundingClientRect().bottom
);
const clip = { x: 0, y: 0, width: 1280, height: Math.ceil(bottom ?? 0) + 16 };
await page.screenshot({ path: TARGET, clip });
console.log(`Wrote ${TARGET}`);
