/**
 * The page that the browser tests drive: the client over the functions of its own origin, with the
 * session, its transport and what it told within reach of an expression.
 *
 * @module
 */

import {
  createHttpTransport,
  createSession,
  type SessionEventName,
  type SessionNumbers,
  type UnifiedAuthUser,
} from "../../client/src/index.ts";

import { pageKey } from "../../client/src/key/page_key.ts";

const options: Partial<SessionNumbers> = JSON.parse(
  new URLSearchParams(location.search).get("options") ?? "{}",
);
const transport = createHttpTransport({ baseUrl: "/functions/v1/unified-auth" });
const session = createSession<UnifiedAuthUser>({ transport, ...options });
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
  session.signIn((call) => transport.login({ email, password }, call));

/** A proof of this page's key, or why there is none. */
const prove = () =>
  pageKey().prove({ method: "POST", url: "https://example.test/refresh" }, { creates: true });

Object.assign(globalThis, { session, transport, told, signIn, prove });
session.start();

// What embeds the page learns what a frame of it can prove.
if (parent !== globalThis.self) parent.postMessage({ proof: await prove() }, "*");
