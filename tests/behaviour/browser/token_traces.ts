/**
 * Everything that a script of a page can read, and all that the browser's history shows: searched for
 * what belongs to Supabase Auth, its tokens, and the codes that open a session there.
 *
 * @module
 */

import type { Page } from "playwright-core";

/** Every JWT begins so: it is the start of a JSON object. */
const TOKEN = /eyJ[\w-]{10,}/;
/** Parameters of an address that redeem a sign-in. */
const CODE = /[?&#](?:code|token|token_hash|access_token|refresh_token)=/;

/** Cookies that scripts read, both storages, and every object of every IndexedDB. */
const READ_ALL = `(async () => {
  const databases = {};
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    for (const store of database.objectStoreNames) {
      databases[name + "/" + store] = await new Promise((resolve, reject) => {
        const request = database.transaction(store).objectStore(store).getAll();
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    }
    database.close();
  }
  return JSON.stringify({
    cookies: document.cookie,
    localStorage: { ...localStorage },
    sessionStorage: { ...sessionStorage },
    databases,
    state: history.state,
    name: globalThis.name,
    resources: performance.getEntries().map(({ name }) => name),
  });
})()`;

export interface TracesOptions {
  /** Refresh tokens of Supabase Auth and the like, which no pattern tells. */
  readonly secrets: readonly string[];
}

/** Where in the page, and in the history of its tab, something of Supabase Auth's is left. */
export async function findTraces(
  page: Page,
  { secrets }: TracesOptions,
): Promise<readonly string[]> {
  const devtools = await page.context().newCDPSession(page);
  const { entries } = await devtools.send("Page.getNavigationHistory");
  await devtools.detach();
  const readable = await page.evaluate<string>(READ_ALL);
  const cookies = await page.context().cookies();
  const places = Object.entries(JSON.parse(readable)).map(([place, value]) =>
    [place, JSON.stringify(value)] as const
  );
  const found = [
    ...places,
    ...entries.map(({ url }) => ["history", url] as const),
    ...cookies.filter(({ httpOnly }) => !httpOnly).map(({ name, value }) => [name, value] as const),
  ].filter(([, text]) =>
    TOKEN.test(text) || CODE.test(text) || secrets.some((secret) => text.includes(secret))
  );
  return found.map(([place, text]) => `${place}: ${text}`);
}
