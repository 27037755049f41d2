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
  /** Waits until an expression is true. @throws {Error} After ten seconds, with what it was */
  waitFor(expression: string): Promise<void>;
  /** In front of all other tabs, which become hidden. */
  show(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Cuts the page off the network, or lets it back; its events and `navigator.onLine` follow. */
  setOffline(offline: boolean): Promise<void>;
  navigate(url: string): Promise<void>;
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

export async function openTab(connection: DevToolsConnection, url: string): Promise<Tab> {
  const { targetId } = await connection.send<{ targetId: string }>("Target.createTarget", { url });
  const { sessionId } = await connection.send<{ sessionId: string }>("Target.attachToTarget", {
    targetId,
    flatten: true,
  });
  const send = <Answer>(method: string, params?: Readonly<Record<string, unknown>>) =>
    connection.send<Answer>(method, params, sessionId);
  await send("Page.enable");
  await send("Network.enable");
  await connection.send("Target.activateTarget", { targetId });

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

  const waitFor = async (expression: string): Promise<void> => {
    const until = performance.now() + PATIENCE_MS;
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
    show: () => connection.send("Target.activateTarget", { targetId }),
    freeze: () => send("Page.setWebLifecycleState", { state: "frozen" }),
    thaw: () => send("Page.setWebLifecycleState", { state: "active" }),
    setOffline: (offline) =>
      send("Network.emulateNetworkConditions", {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      }),
    navigate: async (to) => {
      await send("Page.navigate", { url: to });
    },
    close: async () => {
      await connection.send("Target.closeTarget", { targetId });
    },
  };
}
