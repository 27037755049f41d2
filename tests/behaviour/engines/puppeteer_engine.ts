/**
 * Chromium by its DevTools protocol, and Firefox by WebDriver BiDi, which Puppeteer speaks both.
 *
 * @module
 */

import puppeteer, { type Browser } from "puppeteer-core";
import { findProgram } from "../../../local/platform/find_program.ts";
import { launchChromium } from "../../harness/browser/chromium.ts";
import { killTree, pidOf, sleepTree } from "../../harness/browser/process_tree.ts";
import { createProfile } from "../../harness/browser/profile.ts";
import type { EngineBrowser, EngineOptions } from "./engine.ts";

/** Firefox' own traffic: the network of a test is closed. */
const QUIET_FIREFOX = {
  "app.normandy.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
};

/** A page costs a fifth less without a process for the next one and without a whole screen to paint. */
const CHEAP_FIREFOX = { "dom.ipc.processPrelaunch.enabled": false };
const SMALL_WINDOW = ["--width=300", "--height=200"];

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
  const browser = name === "chromium"
    ? await launchInFolder(profile, options)
    : await launchFirefox(profile, options);
  const pid = pidOf(browser);
  // A profile and a browser's settings apply to its default context alone.
  const usesDefault = options.blocksSiteData === true || profileFolder !== undefined;
  return {
    version: (await browser.version()).replace(/^.*\//, ""),
    openProfile: async () =>
      createProfile(
        usesDefault ? browser.defaultBrowserContext() : await browser.createBrowserContext(),
      ),
    sleep: (milliseconds) => sleepTree(pid, milliseconds),
    kill: () => killTree(pid),
    async [Symbol.asyncDispose]() {
      await browser.close();
      if (profileFolder === undefined) await Deno.remove(profile, { recursive: true });
    },
  };
}

async function launchInFolder(
  folder: string,
  { blocksSiteData, proxyPort }: EngineOptions,
): Promise<Browser> {
  if (blocksSiteData) {
    await Deno.mkdir(`${folder}/Default`);
    const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
    await Deno.writeTextFile(`${folder}/Default/Preferences`, JSON.stringify(settings));
  }
  return await launchChromium({
    executable: await findProgram("chromium"),
    flags: [
      `--user-data-dir=${folder}`,
      ...(proxyPort ? [`--proxy-server=http://127.0.0.1:${proxyPort}`] : []),
    ],
  });
}

function launchFirefox(
  folder: string,
  { blocksSiteData, isPrivate, proxyPort }: EngineOptions,
): Promise<Browser> {
  return puppeteer.launch({
    browser: "firefox",
    userDataDir: folder,
    executablePath: "/usr/bin/firefox-esr",
    args: SMALL_WINDOW,
    extraPrefsFirefox: {
      ...QUIET_FIREFOX,
      ...CHEAP_FIREFOX,
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
  });
}
