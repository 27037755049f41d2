/**
 * A tab of a browser of any engine.
 *
 * @module
 */

import type { Page } from "puppeteer-core";
import { evaluate } from "./page.ts";

export interface Tab {
  /** The value of an expression of the page; promises are awaited. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Waits until an expression is true. @throws {Error} After that long, with what it was */
  waitFor(expression: string, patienceMs?: number): Promise<void>;
  navigate(url: string): Promise<void>;
  /** One step back in the history, by the back/forward cache where the browser has one. */
  goBack(): Promise<void>;
  /** Resolves when the tab is gone. */
  close(): Promise<void>;
}

/** On a machine with much else to do; what is true at once costs none of it. */
const PATIENCE_MS = 45_000;
const LOOK_EVERY_MS = 50;

/** `waitFor` for a tab that can evaluate. */
export async function waitUntilTrue(
  evaluate: (expression: string) => Promise<unknown>,
  expression: string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const until = performance.now() + patienceMs;
  let last: unknown;
  while (performance.now() < until) {
    last = await evaluate(expression).catch((error: unknown) => String(error));
    if (last === true) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  const state = await evaluate("JSON.stringify(globalThis.session?.getSnapshot())").catch(String);
  throw new Error(`Never true in the page: ${expression} (was ${last}; session ${state})`);
}

/** A tab that Puppeteer drives, at an address. */
export async function openTab(page: Page, url: string): Promise<Tab> {
  await page.goto(url);
  return {
    evaluate: (expression) => evaluate(page, expression),
    waitFor: (expression, patienceMs) =>
      waitUntilTrue((each) => page.evaluate(each), expression, patienceMs),
    async navigate(to) {
      await page.goto(to);
    },
    goBack: () => evaluate(page, "void history.back()"),
    close: () => page.close(),
  };
}
