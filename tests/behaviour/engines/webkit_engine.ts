/**
 * WebKitGTK by WebDriver, in a separate display. It is the engine of Safari with another network
 * and storage layer: what a test shows here is likely there, and not certain.
 * Driven by Selenium, because its driver speaks classic WebDriver alone, which Puppeteer does not.
 *
 * @module
 */

import { Builder, Capabilities, type WebDriver } from "selenium-webdriver";
import { findFreePort } from "../../../local/platform/postgres/server.ts";
import { killTree, sleepTree } from "../../harness/browser/process_tree.ts";
import type { Profile } from "../../harness/browser/profile.ts";
import { waitUntilTrue } from "../../harness/browser/tab.ts";
import type { EngineBrowser, EngineOptions } from "./engine.ts";
import { MINI_BROWSER, readVersion, startDisplay, startProcess } from "./webkit_processes.ts";

export async function launchWebkit(options: EngineOptions): Promise<EngineBrowser> {
  await using started = new AsyncDisposableStack();
  const display = started.use(await startDisplay());
  const port = findFreePort();
  const service = started.use(
    startProcess("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], display.environment),
  );
  await untilReady(port);
  const version = await readVersion(display);
  const kept = started.move();
  return {
    version,
    openProfile: () => openWindow(port, options),
    sleep: (milliseconds) => sleepTree(service.pid, milliseconds),
    kill: () => killTree(service.pid),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A session of WebDriver starts a new browser, whose storage ends with it. */
async function openWindow(
  port: number,
  { blocksSiteData, proxyPort }: EngineOptions,
): Promise<Profile> {
  const capabilities = new Capabilities({
    browserName: "MiniBrowser",
    "webkitgtk:browserOptions": {
      binary: MINI_BROWSER,
      args: ["--automation", ...(blocksSiteData ? ["--cookies-policy=never"] : [])],
    },
  });
  if (proxyPort) {
    capabilities.set("proxy", { proxyType: "manual", httpProxy: `127.0.0.1:${proxyPort}` });
  }
  const driver = await new Builder().usingServer(`http://127.0.0.1:${port}`)
    .withCapabilities(capabilities).build();
  let tabs = 0;
  return {
    async openTab(url) {
      if (tabs++ > 0) await driver.switchTo().newWindow("tab");
      const inTab = takeTurns(driver, await driver.getWindowHandle());
      await inTab(() => driver.get(url));
      const evaluate = <Value>(expression: string) =>
        inTab(() => evaluateAsync<Value>(driver, expression));
      return {
        evaluate,
        waitFor: (expression, patienceMs) => waitUntilTrue(evaluate, expression, patienceMs),
        navigate: (to) => inTab(() => driver.get(to)),
        goBack: () => inTab(() => driver.navigate().back()),
        close: () => inTab(() => driver.close()),
      };
    },
    // Of the page in front; no other one of a test has another site.
    cookie: async (name) =>
      (await driver.manage().getCookies()).find((cookie) => cookie.name === name)?.value,
    forgetCookie: (name) => driver.manage().deleteCookie(name),
    [Symbol.asyncDispose]: () => driver.quit(),
  };
}

const turns = new WeakMap<WebDriver, Promise<unknown>>();

/** A session has one current window: calls of different tabs take turns. */
function takeTurns(driver: WebDriver, handle: string) {
  return async <Value>(work: () => Promise<Value>): Promise<Value> => {
    const before = turns.get(driver) ?? Promise.resolve();
    const mine = before.then(async () => {
      await driver.switchTo().window(handle);
      return await work();
    });
    turns.set(driver, mine.catch(() => undefined));
    return await mine;
  };
}

async function evaluateAsync<Value>(driver: WebDriver, expression: string): Promise<Value> {
  const { value, error } = await driver.executeAsyncScript<{ value: Value; error?: string }>(
    `const done = arguments[arguments.length - 1];
    Promise.resolve().then(() => (0, eval)(${JSON.stringify(expression)})).then(
      (value) => done({ value }),
      (error) => done({ error: String(error) }),
    );`,
  );
  if (error !== undefined) throw new Error(error);
  return value;
}

async function untilReady(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await fetch(`http://127.0.0.1:${port}/status`).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("WebKitWebDriver did not start");
}
