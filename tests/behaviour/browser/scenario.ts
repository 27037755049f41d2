/**
 * A stage for browser scenarios: a stack, a Chromium of its own, and tabs that are signed in.
 *
 * @module
 */

import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { type DevTools, launchDevTools, type LaunchOptions } from "./devtools.ts";
import { createDrivenSite, type DrivenPage, type DrivenSite } from "./driven_site.ts";
import type { Tab } from "./tab.ts";

export interface Stage {
  readonly site: DrivenSite;
  readonly stack: TestStack;
  readonly chromium: DevTools;
  /** Of the page under test, with these options of `createSession`. */
  url(options?: Readonly<Record<string, number>>): string;
  /** A tab on the page under test; `script` runs before the page's own. */
  open(options?: Readonly<Record<string, number>>, script?: string): Promise<Tab>;
  /** As `open`, and signed in; later tabs share the cookies. */
  openSignedIn(options?: Readonly<Record<string, number>>, script?: string): Promise<Tab>;
  /** Signs in on a page that is signed out. */
  signIn(tab: Tab): Promise<void>;
  /** Lets time pass for every session of the stack, so that the next refresh rotates. */
  age(seconds: number): Promise<void>;
}

/** Quick beats and short patience, so that a scenario takes seconds; the rules are the same. */
export const QUICK = {
  heartbeatMs: 1_000,
  settleMs: 50,
  requestTimeoutMs: 2_000,
  backoffBaseMs: 200,
};

export interface StageOptions extends LaunchOptions {
  /** Of the functions. */
  readonly environment?: Readonly<Record<string, string>>;
  /** @default {`driven_page.ts`} */
  readonly page?: DrivenPage;
}

/** Access tokens of four seconds, and a window of one: an hour's life in a few seconds. */
export const SHORT_LIVED = {
  environment: { SESSION_ACCESS_TTL_SECONDS: "4", SESSION_WINDOW_SECONDS: "1" },
};

export async function withStage(
  run: (stage: Stage) => Promise<void>,
  { environment = {}, page, ...launch }: StageOptions = {},
): Promise<void> {
  const site = createDrivenSite(page);
  await using server = await openTestServer();
  await using stack = await server.startStack({ environment, site: () => site });
  await using chromium = await launchDevTools(launch);
  const sql: postgres.Sql = stack.database.connect({ max: 1 });
  const { email, password } = SEED_USERS.ada;

  const url: Stage["url"] = (options = {}) =>
    `${stack.baseUrl}/?${new URLSearchParams({ options: JSON.stringify(options) })}`;
  const open: Stage["open"] = async (options, script) => {
    const tab = await chromium.openTab(url(options), script);
    await tab.waitFor(
      "!!globalThis.session && !['unknown', 'restoring'].includes(session.getSnapshot().status)",
    );
    return tab;
  };

  const signIn: Stage["signIn"] = async (tab) => {
    // On a busy machine a password check can take longer than a quick session waits for an answer.
    for (let tries = 0, kind = ""; kind !== "signed-in" && tries < 5; tries++) {
      kind = await tab.evaluate<string>(
        `signIn(${JSON.stringify(email)}, ${JSON.stringify(password)}).then(({ kind }) => kind)`,
      );
    }
    await tab.waitFor("session.getSnapshot().status === 'active'");
  };

  const stage: Stage = {
    site,
    stack,
    chromium,
    url,
    open,
    async openSignedIn(options, script) {
      const tab = await open(options, script);
      await signIn(tab);
      site.reset();
      return tab;
    },
    signIn,
    async age(seconds) {
      for (const { id } of await sql<{ id: string }[]>`select s.id from public.sessions as s`) {
        await ageSession(sql, id, seconds);
      }
    },
  };
  try {
    await run(stage);
  } finally {
    site.end(); // or a test that failed would wait for the replies that it holds
  }
}
