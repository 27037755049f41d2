/**
 * A worker of the page under test, dedicated or shared: it answers each message with a proof of the key.
 *
 * @module
 */

import { pageKey } from "../../client/src/key/page_key.ts";

const CLAIMS = { method: "POST", url: "https://example.test/refresh" };

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
}

function answer(port: Port): void {
  port.onmessage = async () => port.postMessage(await pageKey().prove(CLAIMS, { creates: true }));
}

addEventListener("connect", (event) => answer((event as MessageEvent).ports[0] as Port));
answer(globalThis as unknown as Port);
