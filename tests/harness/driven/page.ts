/**
 * The page that the browser tests drive: the client over the functions of the same origin, or of the
 * `backend` that its address names, with the session and its events within reach of an expression.
 *
 * @module
 */

import { createAuthClient, type SessionEventName } from "../../../client/src/index.ts";
import { pageKey } from "../../../client/src/key/page_key.ts";
import type { SessionNumbers } from "../../../client/src/session/options.ts";

const parameters = new URLSearchParams(location.search);
const { requestTimeoutMs, ...unstable_timing }: Partial<SessionNumbers> = JSON.parse(
  parameters.get("options") ?? "{}",
);
const session = createAuthClient({
  baseUrl: `${parameters.get("backend") ?? ""}/functions/v1/unified-auth`,
  requestTimeoutMs,
  unstable_timing,
});
const events: SessionEventName[] = [];
const NAMES: readonly SessionEventName[] = [
  "signed-in",
  "signed-out",
  "session-refreshed",
  "session-ended",
  "user-changed",
  "suspended",
];
for (const name of NAMES) session.on(name, () => void events.push(name));

const signIn = (email: string, password: string) =>
  session.signIn.withPassword({ email, password });

/** A proof of this page's key, or why there is none. */
const prove = () =>
  pageKey().prove({ method: "POST", url: "https://example.test/refresh" }, { creates: true });

Object.assign(globalThis, { session, events, signIn, prove });

// An embedding page learns whether a frame of it can prove possession.
if (parent !== globalThis.self) parent.postMessage({ proof: await prove() }, "*");
