/**
 * One tab of a real browser: runs expressions in its page, and is shown, hidden, frozen, navigated and
 * closed as a person and an operating system do it.
 *
 * @module
 */

import type { DevToolsConnection } from "./devtools_connection.ts";

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
  /** What the tab's requests and its page say of the browser from now on. */
  setUserAgent(userAgent: string): Promise<void>;
  navigate(url: string): Promise<void>;
  /** One step back in the history, by the back/forward cache where the browser has one. */
  goBack(): Promise<void>;
  /** Bytes of the page's heap that are in use after a collection. */
  heapBytes(): Promise<number>;
  /** Resolves when the tab is gone. */
  close(): Promise<void>;
}

interface Evaluated<Value> {
  readonly result: { readonly value: Value };
  readonly exceptionDetails?: {
    readonly text: string;
    readonly exception?: { readonly description?: string };
  };
}

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 25;

/** A page in a window of its own can be minimized. `script` runs in each document of the tab before the page's own. */
export async function openTab(
  connection: DevToolsConnection,
  { url, script, newWindow }: {
    readonly url: string;
    readonly script?: string | undefined;
    readonly newWindow: boolean;
  },
): Promise<Tab> {
  const { targetId } = await connection.send<{ targetId: string }>("Target.createTarget", {
    url: "about:blank",
    newWindow,
  });
  const { sessionId } = await connection.send<{ sessionId: string }>("Target.attachToTarget", {
    targetId,
    flatten: true,
  });
  const send = <Answer>(method: string, params?: Readonly<Record<string, unknown>>) =>
    connection.send<Answer>(method, params, sessionId);
  await send("Page.enable");
  await send("Network.enable");
  if (script !== undefined) {
    await send("Page.addScriptToEvaluateOnNewDocument", { source: script });
  }
  await connection.send("Target.activateTarget", { targetId });
  await send("Page.navigate", { url });
  const { windowId } = await connection.send<{ windowId: number }>("Browser.getWindowForTarget", {
    targetId,
  });
  const setWindow = (windowState: "minimized" | "normal") =>
    connection.send<void>("Browser.setWindowBounds", { windowId, bounds: { windowState } });

  const evaluate = async <Value>(expression: string): Promise<Value> => {
    const { result, exceptionDetails } = await send<Evaluated<Value>>("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  };

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
    show: () =>
      newWindow ? setWindow("normal") : connection.send("Target.activateTarget", { targetId }),
    hide: () => setWindow("minimized"),
    async freeze() {
      await setWindow("minimized");
      await send("Page.setWebLifecycleState", { state: "frozen" });
    },
    thaw: () => send("Page.setWebLifecycleState", { state: "active" }),
    setOffline: (offline) =>
      send("Network.emulateNetworkConditions", {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      }),
    setUserAgent: (userAgent) => send("Network.setUserAgentOverride", { userAgent }),
    navigate: async (to) => {
      await send("Page.navigate", { url: to });
    },
    async goBack() {
      const { currentIndex, entries } = await send<
        { readonly currentIndex: number; readonly entries: readonly { readonly id: number }[] }
      >("Page.getNavigationHistory");
      await send("Page.navigateToHistoryEntry", { entryId: entries[currentIndex - 1]?.id });
    },
    async heapBytes() {
      await send("HeapProfiler.collectGarbage");
      return (await send<{ readonly usedSize: number }>("Runtime.getHeapUsage")).usedSize;
    },
    async close() {
      await connection.send("Target.closeTarget", { targetId });
      for (let isOpen = true; isOpen;) {
        const { targetInfos } = await connection.send<
          { readonly targetInfos: readonly { readonly targetId: string }[] }
        >("Target.getTargets");
        isOpen = targetInfos.some((target) => target.targetId === targetId);
      }
    },
  };
}
