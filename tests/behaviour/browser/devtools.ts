/**
 * A real Chromium as it lives on a laptop, by Puppeteer and the DevTools protocol: tabs that become hidden,
 * freeze, are restored from the back/forward cache, and renderers that are stopped as a sleeping laptop
 * stops them. Playwright, which drives the pages that people see, keeps every page focused.
 *
 * @module
 */

import sparticuz from "@sparticuz/chromium";
import puppeteer, { type CDPSession } from "puppeteer-core";
import { CHROMIUM_ARGUMENTS } from "./chromium.ts";
import { openTab, type Tab } from "./tab.ts";

export interface DevTools extends AsyncDisposable {
  /**
   * Opens a tab and gives it the focus. All tabs share one profile. `script`
   * runs in each of its documents before the page's own.
   */
  openTab(url: string, script?: string): Promise<Tab>;
  /** Stops the renderers, as sleep does: no event tells the page. */
  stopRenderers(milliseconds: number): Promise<void>;
  /** The value of a cookie of the profile. */
  cookie(name: string): Promise<string | undefined>;
  /** Resolves once the cookie is as wanted. @throws {Error} After ten seconds */
  waitForCookie(name: string, wanted: (value: string | undefined) => boolean): Promise<void>;
  /** Puts back a value that a cookie had before, as a crash of the browser does. */
  restoreCookie(name: string, value: string, url: string): Promise<void>;
  /** As the browser forgets a cookie that has expired. */
  forgetCookie(name: string, url: string): Promise<void>;
}

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 50;

export interface LaunchOptions {
  /** @default {the headless shell from npm} */
  readonly executable?: string | undefined;
  /** Of the command line, besides what every test needs. */
  readonly flags?: readonly string[];
  /**
   * Whether all tabs share a window, so that the one that is shown hides the others. Otherwise each
   * has a window that can be minimized, which is all that the headless shell can do.
   *
   * @default {false}
   */
  readonly oneWindow?: boolean;
}

export async function launchDevTools(
  { executable, flags = [], oneWindow = false }: LaunchOptions = {},
): Promise<DevTools> {
  const browser = await puppeteer.launch({
    executablePath: executable ?? await sparticuz.executablePath(),
    // Puppeteer's own keep the timers of hidden pages going, and pages out of the back/forward cache.
    ignoreDefaultArgs: true,
    args: [...CHROMIUM_ARGUMENTS, "--headless", ...flags, "about:blank"],
    defaultViewport: null,
  });
  const client = await browser.target().createCDPSession();

  const cookie: DevTools["cookie"] = async (name) => {
    const { cookies } = await client.send("Storage.getCookies");
    return cookies.find((cookie) => cookie.name === name)?.value;
  };

  return {
    openTab: (url, script) => openTab(browser, { url, script, newWindow: !oneWindow }),
    stopRenderers: (milliseconds) => stopRenderers(client, milliseconds),
    cookie,
    async waitForCookie(name, wanted) {
      const until = performance.now() + PATIENCE_MS;
      while (!wanted(await cookie(name))) {
        if (performance.now() > until) throw new Error(`Never as wanted: cookie ${name}`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    },
    async restoreCookie(name, value, url) {
      await client.send("Storage.setCookies", {
        cookies: [{ name, value, url, secure: true, httpOnly: true, sameSite: "Lax", path: "/" }],
      });
    },
    async forgetCookie(name, url) {
      await client.send("Storage.setCookies", {
        cookies: [{ name, value: "", url, secure: true, path: "/", expires: 1 }],
      });
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

async function stopRenderers(client: CDPSession, milliseconds: number): Promise<void> {
  const { processInfo } = await client.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  for (const pid of renderers) Deno.kill(pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  for (const pid of renderers) Deno.kill(pid, "SIGCONT");
}
