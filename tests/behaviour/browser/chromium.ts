/**
 * A real Chromium for tests: the binary from npm, driven by Playwright. Collects what a page complains
 * about, because a page that works but complains is broken for somebody.
 *
 * @module
 */

import sparticuz from "@sparticuz/chromium";
import { type Browser, chromium, type Page } from "playwright-core";

/** Nothing of the browser's own may call out: the network here is closed. */
export const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser;
  /** A page in a fresh profile. */
  openPage(options?: {
    readonly colorScheme?: "light" | "dark";
    readonly width?: number;
  }): Promise<WatchedPage>;
}

export interface WatchedPage {
  readonly page: Page;
  /** Errors thrown in the page and errors on its console, but for refused requests. */
  readonly complaints: readonly string[];
}

export async function launchChromium(): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath: await sparticuz.executablePath(),
    headless: true,
    args: CHROMIUM_ARGUMENTS,
  });
  return {
    browser,
    async openPage({ colorScheme = "light", width = 1280 } = {}) {
      const context = await browser.newContext({
        colorScheme,
        viewport: { width, height: 900 },
      });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        // Chromium itself reports each 401 and 504 there; those are what the demo is about.
        const refused = message.text().startsWith("Failed to load resource");
        if (message.type() === "error" && !refused) complaints.push(message.text());
      });
      return { page, complaints };
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
