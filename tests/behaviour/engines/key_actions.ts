/**
 * Shared by the scenarios of the browser's key: which key a tab has, how it is deleted, how a
 * session is refreshed with it, and browsers that are started and ended.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Tab } from "../../harness/browser/tab.ts";
import { IS_SETTLED } from "../../harness/driven/project.ts";
import type { EngineBrowser, EngineOptions } from "./engine.ts";
import { type Harness, type PageOptions, STATUS } from "./scenario.ts";

/** The public key of a tab's proof, as its header has it. */
export const KEY_OF_TAB = `prove().then((proof) => proof.kind === "signed"
  ? proof.jwt.split(".")[0] : Promise.reject(new Error(proof.kind)))`;

export const keyOf = (tab: Tab): Promise<string> => tab.evaluate<string>(KEY_OF_TAB);

export const DATABASE = '"unified-auth-key"';

export const DELETE_KEY = `new Promise((done, failed) => {
  const request = indexedDB.deleteDatabase(${DATABASE});
  request.onsuccess = () => done("deleted");
  request.onblocked = () => failed(new Error("blocked"));
})`;

/** Resolves once `then`, an expression with the name `database`, has set something going. */
export const withDatabase = (then: string): string =>
  `new Promise((done) => {
    const request = indexedDB.open(${DATABASE}, 1);
    request.onsuccess = () => { const database = request.result; ${then} };
  })`;

/** Refreshes what is due, and asserts that the request left within four seconds and that the session stands. */
export async function refreshInTime(tab: Tab, { age }: Harness): Promise<void> {
  await age(3_000);
  const sentAfterMs = await tab.evaluate<number>(`(async () => {
    const since = performance.now();
    await session.refresh();
    const sent = performance.getEntriesByType("resource").filter(({ name, startTime }) =>
      name.endsWith("/refresh") && startTime >= since);
    return sent[0].startTime - since;
  })()`);
  assert.ok(sentAfterMs < 4_000, `sent after ${sentAfterMs} ms`);
  assert.equal(await tab.evaluate(STATUS), "active");
}

/** Refreshes, and asserts that the server rotated: of a bound session, that it got a proof. */
export async function refreshAndRotate(tab: Tab, harness: Harness): Promise<void> {
  const generation = "session.getSnapshot().generation";
  const before = await tab.evaluate<number>(generation);
  await refreshInTime(tab, harness);
  assert.equal(await tab.evaluate(generation), before + 1);
}

export async function makeFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "unified-auth-profile-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Resolves with `use`'s result for a tab of a browser that is started for it and ended after it. */
export async function inNewBrowser<Value>(
  { launch, url }: Harness,
  { page, ...options }: EngineOptions & { readonly page?: PageOptions },
  use: (tab: Tab, browser: EngineBrowser) => Promise<Value>,
): Promise<Value> {
  await using browser = await launch(options);
  await using profile = await browser.openProfile();
  const tab = await profile.openTab(url(page));
  await tab.waitFor(IS_SETTLED);
  return await use(tab, browser);
}
