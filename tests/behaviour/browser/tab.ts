/**
 * One tab of a real browser: runs expressions in its page, and is shown, hidden, frozen, navigated and
 * closed as a person and an operating system do it.
 *
 * @module
 */

import type { Browser, CDPSession } from "puppeteer-core";

export interface Tab {
  /** The value of an expression of the page; promises are awaited. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Waits until an expression is true. @throws {Error} After ten seconds or `patienceMs`, with what it was */
  waitFor(expression: string, patienceMs?: number): Promise<void>;
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
  navigate(url: string): Promise<void>;
  /** One step back in the history, by the back/forward cache where the browser has one. */
  goBack(): Promise<void>;
  /** Bytes of the page's heap that are in use after a collection. */
  heapBytes(): Promise<number>;
  /** Resolves when the tab is gone. */
  close(): Promise<void>;
}

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 25;

/** A page in a separate window can be minimized. `script` runs in each document of the tab before the page's own. */
export async function openTab(
  browser: Browser,
  { url, script, newWindow }: {
    readonly url: string;
    readonly script?: string | undefined;
    readonly newWindow: boolean;
  },
): Promise<Tab> {
  const page = await browser.newPage({ type: newWindow ? "window" : "tab" });
  if (script !== undefined) await page.evaluateOnNewDocument(script);
  const client = await page.createCDPSession();
  const navigate = async (to: string) => {
    await client.send("Page.navigate", { url: to }); // and does not wait, as a person need not
  };
  await client.send("Network.enable");
  await page.bringToFront();
  await navigate(url);
  const { windowId } = await client.send("Browser.getWindowForTarget");
  const setWindow = (windowState: "minimized" | "normal") =>
    client.send("Browser.setWindowBounds", { windowId, bounds: { windowState } });
  const evaluate = <Value>(expression: string) => evaluateIn<Value>(client, expression);

  const waitFor = async (expression: string, patienceMs = PATIENCE_MS): Promise<void> => {
    const until = performance.now() + patienceMs;
    let last: unknown;
    while (performance.now() < until) {
      last = await evaluate(expression).catch((error: unknown) => String(error));
      if (last === true) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    const state = await evaluate("JSON.stringify(globalThis.session?.getSnapshot())");
    throw new Error(`Never true in the page: ${expression} (was ${last}; session ${state})`);
  };

  return {
    evaluate,
    waitFor,
    show: () => newWindow ? setWindow("normal") : page.bringToFront(),
    hide: () => setWindow("minimized"),
    async freeze() {
      await setWindow("minimized");
      await client.send("Page.setWebLifecycleState", { state: "frozen" });
    },
    thaw: () => client.send("Page.setWebLifecycleState", { state: "active" }),
    setOffline: (offline) =>
      client.send("Network.emulateNetworkConditions", {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      }),
    setUserAgent: (userAgent) => client.send("Network.setUserAgentOverride", { userAgent }),
    navigate,
    async goBack() {
      const { currentIndex, entries } = await client.send("Page.getNavigationHistory");
      const before = entries[currentIndex - 1];
      if (before) await client.send("Page.navigateToHistoryEntry", { entryId: before.id });
    },
    async heapBytes() {
      await client.send("HeapProfiler.collectGarbage");
      return (await client.send("Runtime.getHeapUsage")).usedSize;
    },
    close: () => page.close(),
  };
}

async function evaluateIn<Value>(client: CDPSession, expression: string): Promise<Value> {
  const { result, exceptionDetails } = await client.send("Runtime.evaluate", {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails) {
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }
  return result.value;
}
