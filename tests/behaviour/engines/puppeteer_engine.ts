/**
 * Chromium by its DevTools protocol, and Firefox by WebDriver BiDi, which Puppeteer speaks both.
 *
 * @module
 */

import puppeteer, { type LaunchOptions, type Page } from "puppeteer-core";
import sparticuz from "@sparticuz/chromium";
import { CHROMIUM_ARGUMENTS } from "../browser/chromium.ts";
import { type EngineBrowser, type EngineOptions, type EngineTab, waitUntilTrue } from "./engine.ts";
import { findProgram } from "../../../local/platform/find_program.ts";
import { killTree, sleepTree } from "./process_tree.ts";

/** Firefox' own traffic: the network of a test is closed. */
const QUIET_FIREFOX = {
  "app.normandy.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
};

/** `network.cookie.cookieBehavior`: no site may set a cookie or store anything else. */
const FIREFOX_BLOCKS_ALL = 2;
/** `network.proxy.type` */
const FIREFOX_PROXY_BY_HAND = 1;

export async function launchPuppeteerEngine(
  name: "chromium" | "firefox",
  options: EngineOptions,
): Promise<EngineBrowser> {
  const { profileFolder } = options;
  const profile = profileFolder ?? await Deno.makeTempDir({ prefix: `unified-auth-${name}-` });
  const browser = await puppeteer.launch({
    headless: true,
    userDataDir: profile,
    ...(name === "chromium" ? await chromiumOptions(profile, options) : firefoxOptions(options)),
  });
  const pid = browser.process()?.pid;
  if (pid === undefined) throw new Error(`Cannot drive ${name}: it has no process`);
  // A profile and a browser's settings apply to its default context alone.
  const usesDefault = options.blocksSiteData === true || profileFolder !== undefined;
  return {
    version: (await browser.version()).replace(/^.*\//, ""),
    async openProfile() {
      const context = usesDefault
        ? browser.defaultBrowserContext()
        : await browser.createBrowserContext();
      return {
        openTab: async (url) => await openTab(await context.newPage(), url),
        cookie: async (name) =>
          (await context.cookies()).find((cookie) => cookie.name === name)?.value,
        async forgetCookie(name) {
          await context.deleteMatchingCookies({ name });
        },
        async [Symbol.asyncDispose]() {
          if (!usesDefault) await context.close();
        },
      };
    },
    async sleep(milliseconds) {
      await sleepTree(pid, milliseconds);
    },
    kill: () => killTree(pid),
    async [Symbol.asyncDispose]() {
      await browser.close();
      if (profileFolder === undefined) await Deno.remove(profile, { recursive: true });
    },
  };
}

async function openTab(page: Page, url: string): Promise<EngineTab> {
  await page.goto(url);
  const evaluate = <Value>(expression: string) => page.evaluate(expression) as Promise<Value>;
  return {
    evaluate,
    waitFor: (expression) => waitUntilTrue(evaluate, expression),
    navigate: async (to) => {
      await page.goto(to);
    },
    goBack: async () => {
      await page.evaluate("void history.back()");
    },
    close: () => page.close(),
  };
}

async function chromiumOptions(profile: string, options: EngineOptions): Promise<LaunchOptions> {
  if (options.blocksSiteData) {
    await Deno.mkdir(`${profile}/Default`);
    const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
    await Deno.writeTextFile(`${profile}/Default/Preferences`, JSON.stringify(settings));
  }
  return {
    executablePath: await findProgram("chromium") ?? await sparticuz.executablePath(),
    args: [
      ...CHROMIUM_ARGUMENTS,
      ...(options.proxyPort ? [`--proxy-server=http://127.0.0.1:${options.proxyPort}`] : []),
    ],
    // Of Puppeteer alone: people's browsers have that cache.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  };
}

function firefoxOptions({ blocksSiteData, isPrivate, proxyPort }: EngineOptions): LaunchOptions {
  return {
    browser: "firefox",
    executablePath: "/usr/bin/firefox-esr",
    extraPrefsFirefox: {
      ...QUIET_FIREFOX,
      ...(blocksSiteData ? { "network.cookie.cookieBehavior": FIREFOX_BLOCKS_ALL } : {}),
      ...(isPrivate ? { "browser.privatebrowsing.autostart": true } : {}),
      ...(proxyPort
        ? {
          "network.proxy.type": FIREFOX_PROXY_BY_HAND,
          "network.proxy.http": "127.0.0.1",
          "network.proxy.http_port": proxyPort,
        }
        : {}),
    },
  };
}
