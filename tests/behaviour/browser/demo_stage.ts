/**
 * The demo for tests that go through it, and what a person does there.
 *
 * @module
 */

import axe from "axe-core";
import type { Page } from "playwright-core";
import { createDemo } from "../../../local/demo/site.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import {
  openTestServer,
  type TestServer,
  type TestStack,
} from "../../../local/testing/test_server.ts";
import { launchChromium, type TestBrowser, type WatchedPage } from "./chromium.ts";

export interface DemoStage extends AsyncDisposable {
  readonly baseUrl: string;
  readonly stack: TestStack;
}

/** The demo over a new stack. */
export async function openDemo(server: TestServer): Promise<DemoStage> {
  const database = await server.createDatabase();
  const sql = database.connect({ max: 1 });
  const stack = await server.startStack({
    database,
    site: (project) => createDemo({ ...project, sql, user: SEED_USERS.ada }),
  });
  return {
    baseUrl: stack.baseUrl,
    stack,
    async [Symbol.asyncDispose]() {
      await stack[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

export interface DemoPage extends DemoStage, WatchedPage {
  /** An empty page in another browser. */
  openPage: TestBrowser["openPage"];
}

/** The demo, and an empty page for it. */
export async function openDemoPage(
  options?: Parameters<TestBrowser["openPage"]>[0],
): Promise<DemoPage> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await openTestServer());
  const demo = stack.use(await openDemo(server));
  const chromium = stack.use(await launchChromium());
  const watched = await chromium.openPage(options);
  const kept = stack.move();
  return {
    ...demo,
    ...watched,
    openPage: chromium.openPage,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export async function signIn(page: Page): Promise<void> {
  await page.waitForSelector("#sign-in:not([hidden])");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await untilSignedIn(page);
}

export async function untilSignedIn(page: Page): Promise<void> {
  await page.locator("#status", { hasText: "Signed in" }).waitFor();
}

/** Presses a scenario's button and waits for what came of it. */
export async function playScenario(page: Page, name: string): Promise<string> {
  await page.getByRole("button", { name }).click();
  const item = page.locator("#scenarios li", { hasText: name });
  await item.and(page.locator('[data-result="kept"], [data-result="ended"]')).waitFor();
  return await item.locator("[role=status]").innerText();
}

/** The violations that axe calls serious or critical. */
export async function seriousViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}
