import assert from "node:assert/strict";
import { build, stop } from "esbuild";
import type { Page } from "puppeteer-core";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { launchChromium } from "../../harness/browser/chromium.ts";
import { see } from "../../harness/browser/page.ts";
import { findOptionalProgram } from "../../harness/optional_program.ts";
import { openPlatforms, type Platform } from "./platform.ts";

/** The headless shell from npm, which other tests drive, has no extensions. */
const executable = await findOptionalProgram("chromium", "extensions");

const { email, password } = SEED_USERS.ada;

/** The extension's id, which Chromium derives from the manifest's `key`. */
const ID = "lcjdcpaaohjglipfgemeimkcanalpnao";

if (executable !== undefined) {
  Deno.test("an extension's service worker and its popup share one session", async () => {
    await using platforms = await openPlatforms();
    const extension = await platforms.install("extension");
    await using server = await openTestServer();
    await using stack = await server.startStack({
      environment: { SESSION_ALLOWED_ORIGINS: `chrome-extension://${ID}` },
    });
    await bundle(extension, stack.functionsUrl);
    await using browser = await launchChromium({
      executable,
      flags: [
        `--disable-extensions-except=${extension.directory}/dist`,
        `--load-extension=${extension.directory}/dist`,
      ],
    });
    const worker = await browser.waitForTarget((target) => target.type() === "service_worker");
    assert.equal(new URL(worker.url()).host, ID);
    const popup = await browser.newPage();
    const complaints: string[] = [];
    popup.on("pageerror", (error) => complaints.push(String(error)));
    await popup.goto(`chrome-extension://${ID}/popup.html`);
    await shows(popup, "signed-out nobody");

    await popup.locator("[name=email]").fill(email);
    await popup.locator("[name=password]").fill(password);
    await popup.locator("form button").click();
    await shows(popup, `active ${email}`);
    const sql = stack.database.connect({ max: 1 });
    const [session] = await sql`
      select s.key_thumbprint is not null as is_bound from public.sessions as s`;
    assert.equal(session?.["is_bound"], true);

    /** Of the service worker, which asks the server only where it has just started. */
    const who = () => popup.evaluate("chrome.runtime.sendMessage({ action: 'who' })");
    assert.equal(await who(), `active ${email}`);
    await endServiceWorker(popup);
    assert.equal(
      await who(),
      `active ${email}`,
      "of a service worker that has ended and starts again",
    );
    await popup.reload();
    await shows(popup, `active ${email}`);

    await popup.locator("#sign-out").click();
    await shows(popup, "signed-out nobody");
    assert.equal(await who(), "signed-out nobody");
    assert.deepEqual(complaints, []);
  });
}

/** As a bundler does: a browser finds no package by its name. */
async function bundle({ directory }: Platform, functionsUrl: string): Promise<void> {
  const auth = await Deno.readTextFile(`${directory}/auth.js`);
  await Deno.writeTextFile(
    `${directory}/auth.js`,
    auth.replace("http://127.0.0.1:54321/functions/v1", functionsUrl),
  );
  await build({
    entryPoints: ["background.js", "popup.js"].map((file) => `${directory}/${file}`),
    outdir: `${directory}/dist`,
    bundle: true,
    format: "esm",
  });
  await stop();
  for (const file of ["manifest.json", "popup.html"]) {
    await Deno.copyFile(`${directory}/${file}`, `${directory}/dist/${file}`);
  }
}

/** As Chromium does after 30 idle seconds. */
async function endServiceWorker(popup: Page): Promise<void> {
  const devTools = await popup.createCDPSession();
  const list = async () => {
    const { targetInfos } = await devTools.send("Target.getTargets");
    return targetInfos.filter(({ type }) => type === "service_worker");
  };
  const [target, ...others] = await list();
  assert.ok(target && others.length === 0);
  await devTools.send("Target.closeTarget", { targetId: target.targetId });
  while ((await list()).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

const shows = (page: Page, text: string) => see(page, `output::-p-text(${text})`);
