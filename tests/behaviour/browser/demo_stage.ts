/**
 * The demo for tests that go through it, and what a person does there.
 *
 * @module
 */

import axe from "axe-core";
import type { Page } from "puppeteer-core";
import { createDemo } from "../../../local/demo/site.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import {
  openTestServer,
  type TestServer,
  type TestStack,
} from "../../../local/testing/test_server.ts";
import { launchChromium, openPage, type WatchedPage } from "../../harness/browser/chromium.ts";
import { press, see } from "../../harness/browser/page.ts";

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
  openPage(): Promise<WatchedPage>;
}

/** The demo, and an empty page for it. */
export async function openDemoPage(): Promise<DemoPage> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await openTestServer());
  const demo = stack.use(await openDemo(server));
  const chromium = stack.use(await launchChromium());
  const watched = await openPage(chromium);
  const kept = stack.move();
  return {
    ...demo,
    ...watched,
    openPage: () => openPage(chromium),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export async function signIn(page: Page): Promise<void> {
  await see(page, "#sign-in");
  await press(page, "Sign in");
  await untilSignedIn(page);
}

/** Also until the lists are there: as they arrive, what is below them moves away from under a click. */
export async function untilSignedIn(page: Page): Promise<void> {
  await see(page, "#status::-p-text(Signed in)");
  await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
}

/** Presses a scenario's button and waits for what came of it. */
export async function playScenario(page: Page, name: string): Promise<string> {
  await press(page, name);
  const said = await page.waitForFunction(
    (text) => {
      const over = "#scenarios li:is([data-result=kept], [data-result=ended])";
      const item = [...document.querySelectorAll(over)]
        .find(({ textContent }) => textContent?.includes(text));
      return item?.querySelector("[role=status]")?.textContent;
    },
    {},
    name,
  );
  return await said.jsonValue() ?? "";
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
