/**
 * The one profile of a new Chromium, as it lives on a laptop: its tabs are hidden, frozen and restored, and
 * the whole browser sleeps.
 *
 * @module
 */

import type { Page } from "puppeteer-core";
import { type ChromiumOptions, launchChromium } from "./chromium.ts";
import { pidOf, sleepTree } from "./process_tree.ts";
import { createProfile, type Profile } from "./profile.ts";
import { openTab, type Tab } from "./tab.ts";

export interface ChromiumTab extends Tab {
  /** Brings the page back, with the focus: its window, or the tab to the front of the window. */
  show(): Promise<void>;
  /** Minimizes the page's window: the page loses the focus and becomes hidden. */
  hide(): Promise<void>;
  /** Hides the page, as a browser freezes none that is seen, and freezes it. */
  freeze(): Promise<void>;
  /** The page goes on, still hidden. */
  thaw(): Promise<void>;
  /** Cuts the page off the network, or lets it back; its events and `navigator.onLine` follow. */
  setOffline(offline: boolean): Promise<void>;
  /** The user agent of the tab's requests and its page from now on. */
  setUserAgent(userAgent: string): Promise<void>;
  /** Bytes of the page's heap that are in use after a collection. */
  heapBytes(): Promise<number>;
}

export interface ChromiumProfile extends Profile<ChromiumTab> {
  /** Stops the browser for a while, as sleep does: no event tells a page. */
  sleep(milliseconds: number): Promise<void>;
  /** Resolves once the cookie is as wanted. @throws {Error} After ten seconds */
  waitForCookie(name: string, wanted: (value: string | undefined) => boolean): Promise<void>;
  /** Puts back a value that a cookie had before, as a crash of the browser does. */
  restoreCookie(name: string, value: string): Promise<void>;
}

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 50;

export interface ProfileOptions extends ChromiumOptions {
  /**
   * Whether all tabs share a window, so that the one that is shown hides the others. Otherwise each
   * has a window that can be minimized, which is all that the headless shell can do.
   *
   * @default {false}
   */
  readonly oneWindow?: boolean;
}

export async function launchChromiumProfile(
  { oneWindow = false, ...options }: ProfileOptions = {},
): Promise<ChromiumProfile> {
  const browser = await launchChromium(options);
  const context = browser.defaultBrowserContext();
  const profile = createProfile(context);
  return {
    ...profile,
    async openTab(url) {
      const page = await browser.newPage({ type: oneWindow ? "tab" : "window" });
      return await openChromiumTab(page, { url, hasWindow: !oneWindow });
    },
    sleep: (milliseconds) => sleepTree(pidOf(browser), milliseconds),
    async waitForCookie(name, wanted) {
      const until = performance.now() + PATIENCE_MS;
      while (!wanted(await profile.cookie(name))) {
        if (performance.now() > until) throw new Error(`Never as wanted: cookie ${name}`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    },
    async restoreCookie(name, value) {
      const now = (await context.cookies()).filter((cookie) => cookie.name === name);
      await context.setCookie(...now.map((cookie) => ({ ...cookie, value })));
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

async function openChromiumTab(
  page: Page,
  { url, hasWindow }: { readonly url: string; readonly hasWindow: boolean },
): Promise<ChromiumTab> {
  const client = await page.createCDPSession();
  await page.bringToFront();
  const tab = await openTab(page, url);
  const windowId = await page.windowId();
  const setWindow = (windowState: "minimized" | "normal") =>
    page.browser().setWindowBounds(windowId, { windowState });
  return {
    ...tab,
    show: () => hasWindow ? setWindow("normal") : page.bringToFront(),
    hide: () => setWindow("minimized"),
    async freeze() {
      await setWindow("minimized");
      await client.send("Page.setWebLifecycleState", { state: "frozen" });
    },
    thaw: () => client.send("Page.setWebLifecycleState", { state: "active" }),
    setOffline: (offline) => page.setOfflineMode(offline),
    setUserAgent: (userAgent) => page.setUserAgent({ userAgent }),
    async heapBytes() {
      await client.send("HeapProfiler.collectGarbage");
      return (await client.send("Runtime.getHeapUsage")).usedSize;
    },
  };
}
