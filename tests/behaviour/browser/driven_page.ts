/**
 * The page that the browser tests drive: the client over the functions of its own origin, with the
 * session and what it told within reach of an expression.
 *
 * @module
 */

import { createAuthClient, type SessionEventName } from "../../../client/src/index.ts";
import { pageKey } from "../../../client/src/key/page_key.ts";
import type { SessionNumbers } from "../../../client/src/session/options.ts";

const { requestTimeoutMs, ...unstable_timing }: Partial<SessionNumbers> = JSON.parse(
  new URLSearchParams(location.search).get("options") ?? "{}",
);
const session = createAuthClient({
  baseUrl: "/functions/v1/unified-auth",
  requestTimeoutMs,
  unstable_timing,
});
const told: SessionEventName[] = [];
const NAMES: readonly SessionEventName[] = [
  "signed-in",
  "signed-out",
  "session-refreshed",
  "session-ended",
  "user-changed",
  "suspended",
];
for (const name of NAMES) session.on(name, () => void told.push(name));

const signIn = (email: string, password: string) =>
  session.signIn.withPassword({ email, password });

/** A proof of this page's key, or why there is none. */
const prove = () =>
  pageKey().prove({ method: "POST", url: "https://example.test/refresh" }, { creates: true });

Object.assign(globalThis, { session, told, signIn, prove });

// What embeds the page learns what a frame of it can prove.
if (parent !== globalThis.self) parent.postMessage({ proof: await prove() }, "*");
