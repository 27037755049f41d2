/**
 * A profile of a browser: its tabs share cookies and storage.
 *
 * @module
 */

import type { BrowserContext } from "puppeteer-core";
import { openTab, type Tab } from "./tab.ts";

export interface Profile<Opened extends Tab = Tab> extends AsyncDisposable {
  openTab(url: string): Promise<Opened>;
  /** The value of a cookie that scripts may not see. */
  cookie(name: string): Promise<string | undefined>;
  /** As the browser forgets a cookie that has expired. */
  forgetCookie(name: string): Promise<void>;
}

/** A profile that Puppeteer drives. */
export function createProfile(context: BrowserContext): Profile {
  return {
    openTab: async (url) => await openTab(await context.newPage(), url),
    cookie: async (name) => (await context.cookies()).find((cookie) => cookie.name === name)?.value,
    forgetCookie: (name) => context.deleteMatchingCookies({ name }),
    async [Symbol.asyncDispose]() {
      // The default one lasts as long as its browser.
      if (context !== context.browser().defaultBrowserContext()) await context.close();
    },
  };
}
