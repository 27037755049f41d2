/**
 * A person's actions on a page. Elements go by the names that the browser tells assistive technology, or
 * by Puppeteer's selectors.
 *
 * @module
 */

import type { HTTPRequest, Page } from "puppeteer-core";

/** The selector of a shown element of this very name: of an input its label, of a button its text. */
export const named = (name: string, role?: string): string =>
  `::-p-aria([name="${name}"]${role === undefined ? "" : `[role="${role}"]`})`;

export async function press(page: Page, name: string): Promise<void> {
  await page.locator(named(name, "button")).click();
}

export async function fillIn(page: Page, label: string, text: string): Promise<void> {
  await page.locator(named(label)).fill(text);
}

/** Clicks a link. Resolves when the page behind it has loaded. */
export async function follow(page: Page, link: string): Promise<void> {
  await Promise.all([page.waitForNavigation(), page.locator(link).click()]);
}

/** Resolves when the page shows such an element. */
export async function see(page: Page, selector: string): Promise<void> {
  await page.waitForSelector(selector, { visible: true });
}

/** The text of an element, once the page shows it. */
export async function textOf(page: Page, selector: string): Promise<string> {
  const element = await page.waitForSelector(selector, { visible: true });
  return await element?.evaluate((shown) => (shown as HTMLElement).innerText) ?? "";
}

/** Resolves when the page has loaded at this address. */
export async function arriveAt(page: Page, url: string | RegExp): Promise<void> {
  const isThere = url instanceof RegExp
    ? `${url}.test(location.href)`
    : `location.href === ${JSON.stringify(url)}`;
  await page.waitForFunction(`${isThere} && document.readyState === "complete"`);
}

/** Resolves with the next window that the page opens. */
export function nextPopup(page: Page): Promise<Page> {
  return new Promise((resolve) => page.once("popup", (popup) => popup && resolve(popup)));
}

/** The value of an expression of the page; promises are awaited. */
export async function evaluate<Value>(page: Page, expression: string): Promise<Value> {
  return await page.evaluate(expression) as Value;
}

/** Lets `decide` answer the page's requests to addresses that fit, or send them on. */
export async function intercept(
  page: Page,
  urls: RegExp,
  decide: (request: HTTPRequest) => Promise<void>,
): Promise<void> {
  await page.setRequestInterception(true);
  page.on(
    "request",
    (request) => void (urls.test(request.url()) ? decide(request) : request.continue()),
  );
}
