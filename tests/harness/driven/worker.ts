/**
 * A worker of the page under test, dedicated, shared or a service worker: it answers "prove" with a
 * proof of the key, and "status" with how the session stands, asked from within the worker.
 *
 * @module
 */

import { createAuthClient } from "../../../client/src/index.ts";
import { pageKey } from "../../../client/src/key/page_key.ts";

const CLAIMS = { method: "POST", url: "https://example.test/refresh" };

interface Port {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
}

function answer(port: Port): void {
  port.onmessage = async ({ data, source }) => {
    const asked = data === "status"
      ? await createAuthClient({ baseUrl: "/functions/v1/unified-auth" }).ready()
      : await pageKey().prove(CLAIMS, { creates: true });
    // Of a service worker, which has many pages, the message alone knows who sent it.
    (source ?? port).postMessage(asked);
  };
}

addEventListener("connect", (event) => answer((event as MessageEvent).ports[0] as Port));
answer(globalThis as unknown as Port);
