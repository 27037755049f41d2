/**
 * A stage for browser scenarios: a stack, a Chromium of its own, and tabs that are signed in.
 *
 * @module
 */

import type postgres from "postgres";
import { SEED_USERS } from "../../local/seed_users.ts";
import { openTestServer, type TestStack } from "../../local/testing.ts";
import { ageSession } from "../http/aging.ts";
import { type DevTools, launchDevTools } from "./devtools.ts";
import { createDrivenSite, type DrivenSite } from "./driven_site.ts";
import type { Tab } from "./tab.ts";

export interface Stage {
  readonly site: DrivenSite;
  readonly stack: TestStack;
  readonly chromium: DevTools;
  /** Of the page under test, with these options of `createSession`. */
  url(options?: Readonly<Record<string, number>>): string;
  /** A tab on the page under test. */
  open(options?: Readonly<Record<string, number>>): Promise<Tab>;
  /** As `open`, and signed in; later tabs share the cookies. */
  openSignedIn(options?: Readonly<Record<string, number>>): Promise<Tab>;
  /** Lets time pass for every session of the stack, so that the next refresh rotates. */
  age(seconds: number): Promise<void>;
}

export async function withStage(
  run: (stage: Stage) => Promise<void>,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const site = createDrivenSite();
  await using server = await openTestServer();
  await using stack = await server.startStack({ environment, site: () => site });
  await using chromium = await launchDevTools();
  const sql: postgres.Sql = stack.database.connect({ max: 1 });
  const { email, password } = SEED_USERS.ada;

  const url: Stage["url"] = (options = {}) =>
    `${stack.baseUrl}/?${new URLSearchParams({ options: JSON.stringify(options) })}`;
  const open: Stage["open"] = async (options) => {
    const tab = await chromium.openTab(url(options));
    await tab.waitFor(
      "!!globalThis.session && !['unknown', 'restoring'].includes(session.getSnapshot().status)",
    );
    return tab;
  };

  await run({
    site,
    stack,
    chromium,
    url,
    open,
    async openSignedIn(options) {
      const tab = await open(options);
      await tab.evaluate(`signIn(${JSON.stringify(email)}, ${JSON.stringify(password)})`);
      await tab.waitFor("session.getSnapshot().status === 'active'");
      site.reset();
      return tab;
    },
    async age(seconds) {
      for (const { id } of await sql<{ id: string }[]>`select s.id from public.sessions as s`) {
        await ageSession(sql, id, seconds);
      }
    },
  });
}
