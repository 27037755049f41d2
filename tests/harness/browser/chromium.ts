/**
 * A real Chromium for tests, driven by Puppeteer: the headless shell from npm, or a whole browser. What
 * its pages complain about is collected, because a page that works but complains is broken for somebody.
 *
 * @module
 */

import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { openHeadlessShell } from "./headless_shell.ts";

/** Nothing of the browser's own may call out: the network here is closed. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  // Two pages of the address bar's list, which a whole browser loads for each window: nine tenths of a second
  // of CPU, where a page of a test takes a tenth.
  "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
];

export interface ChromiumOptions {
  /** @default {the headless shell from npm} */
  readonly executable?: string | undefined;
  /** Of the command line, besides what every test needs. */
  readonly flags?: readonly string[];
}

export async function launchChromium(
  { executable, flags = [] }: ChromiumOptions = {},
): Promise<Browser> {
  return await puppeteer.launch({
    executablePath: executable ?? await openHeadlessShell(),
    // Puppeteer's own keep the timers of hidden pages going, and pages out of the back/forward cache.
    ignoreDefaultArgs: true,
    args: [...FLAGS, "--headless", ...flags, "about:blank"],
    defaultViewport: null,
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** Errors thrown in the page and errors on its console, but for refused requests. */
  readonly complaints: readonly string[];
}

/** An empty page in a fresh profile. */
export async function openPage(browser: Browser): Promise<WatchedPage> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // Chromium itself reports each 401 and 504 there; those are what the demo is about.
    const refused = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !refused) complaints.push(message.text());
  });
  return { page, complaints };
}
