/**
 * A stage for browser scenarios: a new Chromium, tabs that are signed in, and a project that the
 * tests of a file share, because its functions take longer to start than most scenarios to play.
 *
 * @module
 */

import type postgres from "postgres";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { ageEverySession } from "../../../local/testing/aging.ts";
import { emptySessionTables } from "../../harness/session_tables.ts";
import {
  type ChromiumProfile,
  type ChromiumTab,
  launchChromiumProfile,
  type ProfileOptions,
} from "../../harness/browser/chromium_profile.ts";
import { createDrivenSite, type DrivenPage, type DrivenSite } from "./driven_site.ts";

export interface Stage {
  readonly site: DrivenSite;
  readonly stack: TestStack;
  readonly chromium: ChromiumProfile;
  /** Of the project's database, as a superuser. */
  readonly sql: postgres.Sql;
  /** Of the page under test, with these options of `createSession`. */
  url(options?: Readonly<Record<string, number>>, script?: string): string;
  /** A tab on the page under test; `script` runs before the page's own. */
  open(options?: Readonly<Record<string, number>>, script?: string): Promise<ChromiumTab>;
  /** As `open`, and signed in; later tabs share the cookies. */
  openSignedIn(options?: Readonly<Record<string, number>>, script?: string): Promise<ChromiumTab>;
  /** Signs in on a page that is signed out. */
  signIn(tab: ChromiumTab): Promise<void>;
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

const SIGN_IN_PATIENCE_MS = 30_000;

/** The options that a project is started with. */
export interface ProjectOptions {
  /** Of the functions. */
  readonly environment?: Readonly<Record<string, string>>;
  /** @default {`driven_page.ts`} */
  readonly page?: DrivenPage;
}

/** Access tokens of four seconds, and a reuse interval of one: an hour's life in a few seconds. */
export const SHORT_LIVED = {
  environment: { SESSION_ACCESS_TTL_SECONDS: "4", SESSION_WINDOW_SECONDS: "1" },
};

/** A project for scenarios, one after the other. */
export interface StagedProject {
  /** Plays a scenario with a new browser profile; nothing of the scenario before is left. */
  withStage(run: (stage: Stage) => Promise<void>, launch?: ProfileOptions): Promise<void>;
  close(): Promise<void>;
}

/** Starts a project, for a whole file: what it opens outlives a test. */
export async function openStagedProject(
  { environment = {}, page }: ProjectOptions = {},
): Promise<StagedProject> {
  const server = await openTestServer();
  const site = createDrivenSite(page);
  const stack = await server.startStack({
    functions: ["unified-auth"],
    environment,
    site: () => site,
  });
  const sql = stack.database.connectAs("supabase_admin", { max: 1 });
  return {
    async withStage(run, launch) {
      await emptySessionTables(sql);
      site.reset();
      try {
        await using chromium = await launchChromiumProfile(launch);
        await run(createStage({ site, stack, chromium, sql }));
      } finally {
        site.end(); // or a test that failed would wait for the replies that it holds
        await stack.whenIdle(); // what the closed browser has begun ends within this test
      }
    },
    async close() {
      await stack.stop();
      await server.close();
    },
  };
}

function createStage(parts: Pick<Stage, "site" | "stack" | "chromium" | "sql">): Stage {
  const { site, stack, chromium, sql } = parts;
  const { email, password } = SEED_USERS.ada;

  const url: Stage["url"] = (options = {}, script = "") =>
    `${stack.baseUrl}/?${new URLSearchParams({ options: JSON.stringify(options), script })}`;
  const open: Stage["open"] = async (options, script) => {
    const tab = await chromium.openTab(url(options, script));
    await tab.waitFor(
      "!!globalThis.session && !['unknown', 'restoring'].includes(session.getSnapshot().status)",
    );
    return tab;
  };

  const signIn: Stage["signIn"] = async (tab) => {
    // On a busy machine a password check can take longer than a quick session waits for an answer.
    const until = performance.now() + SIGN_IN_PATIENCE_MS;
    for (let kind = ""; kind !== "signed-in" && performance.now() < until;) {
      kind = await tab.evaluate<string>(
        `signIn(${JSON.stringify(email)}, ${JSON.stringify(password)}).then(({ kind }) => kind)`,
      );
    }
    await tab.waitFor("session.getSnapshot().status === 'active'");
  };

  return {
    ...parts,
    url,
    open,
    async openSignedIn(options, script) {
      const tab = await open(options, script);
      await signIn(tab);
      site.reset();
      return tab;
    },
    signIn,
    age: (seconds) => ageEverySession(sql, seconds),
  };
}
