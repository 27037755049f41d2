/**
 * A project with the page under test, for scenarios one after the other, in any browser.
 *
 * @module
 */

import type postgres from "postgres";
import { ageEverySession } from "../../../local/testing/aging.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import type { Tab } from "../browser/tab.ts";
import { emptySessionTables } from "../session_tables.ts";
import { createDrivenSite, type DrivenPage, type DrivenSite } from "./site.ts";

/** The parts of a project that a scenario may use. */
export interface DrivenParts {
  readonly site: DrivenSite;
  readonly stack: TestStack;
  /** Of the project's database, as a superuser. */
  readonly sql: postgres.Sql;
  /** Lets time pass for every session of the stack, so that the next refresh rotates. */
  age(seconds: number): Promise<void>;
  /** Signs in on a page that is signed out. */
  signIn(tab: Tab): Promise<void>;
}

export interface DrivenProject {
  readonly parts: DrivenParts;
  /** Plays a scenario; nothing of the scenario before is left. */
  play(run: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** The options that a project is started with. */
export interface ProjectOptions {
  /** Of the functions. */
  readonly environment?: Readonly<Record<string, string>>;
  /** @default {`page.ts`} */
  readonly page?: DrivenPage;
}

/** True in a page whose client knows whether somebody is signed in. */
export const IS_SETTLED =
  '!!globalThis.session && !["unknown", "restoring"].includes(session.getSnapshot().status)';

const SIGN_IN_PATIENCE_MS = 30_000;

export async function openDrivenProject(
  { environment = {}, page }: ProjectOptions = {},
): Promise<DrivenProject> {
  const server = await openTestServer();
  const site = createDrivenSite(page);
  const stack = await server.startStack({
    functions: ["unified-auth"],
    environment,
    site: () => site,
  });
  const sql = stack.database.connectAs("supabase_admin", { max: 1 });
  return {
    parts: { site, stack, sql, age: (seconds) => ageEverySession(sql, seconds), signIn },
    async play(run) {
      await emptySessionTables(sql);
      site.reset();
      try {
        await run();
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

async function signIn(tab: Tab): Promise<void> {
  const { email, password } = SEED_USERS.ada;
  // On a busy machine a password check can take longer than a quick session waits for an answer.
  const until = performance.now() + SIGN_IN_PATIENCE_MS;
  for (let kind = ""; kind !== "signed-in" && performance.now() < until;) {
    kind = await tab.evaluate<string>(
      `signIn(${JSON.stringify(email)}, ${JSON.stringify(password)}).then(({ kind }) => kind)`,
    );
  }
  await tab.waitFor("session.getSnapshot().status === 'active'");
}
