/**
 * Everything that a script of a page can read, and all that the browser's history shows: searched for
 * what belongs to Supabase Auth, its tokens, and the codes that open a session there.
 *
 * @module
 */

import type { Page } from "puppeteer-core";

/** Every JWT begins so: it is the start of a JSON object. */
const TOKEN = /eyJ[\w-]{10,}/;
/** Parameters of an address that redeem a sign-in. */
const CODE = /[?&#](?:code|token|token_hash|access_token|refresh_token)=/;

export interface TracesOptions {
  /** Refresh tokens of Supabase Auth and the like, which no pattern tells. */
  readonly secrets: readonly string[];
}

/** Where in the page, and in the history of its tab, something of Supabase Auth's is left. */
export async function findTraces(
  page: Page,
  { secrets }: TracesOptions,
): Promise<readonly string[]> {
  const devtools = await page.createCDPSession();
  const { entries } = await devtools.send("Page.getNavigationHistory");
  await devtools.detach();
  const places = [
    ...Object.entries(await readPlaces(page)),
    ...entries.map(({ url }) => ["history", url] as const),
  ];
  return places.filter(([, text]) =>
    TOKEN.test(text) || CODE.test(text) || secrets.some((secret) => text.includes(secret))
  ).map(([place, text]) => `${place}: ${text}`);
}

/** Everything that a script of the page can read, by where it reads it. */
export async function readPlaces(page: Page): Promise<Readonly<Record<string, string>>> {
  return await page.evaluate(async () => {
    const settled = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const rows: unknown[] = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await settled(indexedDB.open(name ?? ""));
      for (const store of database.objectStoreNames) {
        rows.push(...await settled(database.transaction(store).objectStore(store).getAll()));
      }
      database.close();
    }
    return {
      localStorage: JSON.stringify({ ...localStorage }),
      sessionStorage: JSON.stringify({ ...sessionStorage }),
      indexedDB: JSON.stringify(rows),
      cookie: document.cookie,
      "history.state": JSON.stringify(history.state),
      "name of the tab": document.defaultView?.name ?? "",
      "loaded addresses": performance.getEntries().map(({ name }) => name).join(" "),
    };
  });
}
