/**
 * A project for scenarios one after the other, each with a profile of a browser. WebKitGTK keeps no `Secure` cookie of
 * plain-http loopback, so there the functions set cookies without prefix.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import { ageEverySession } from "../../../local/testing/aging.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { emptySessionTables } from "../../harness/session_tables.ts";
import { REFRESH_COOKIE } from "../http/browser.ts";
import { createDrivenSite } from "../browser/driven_site.ts";
import type { EngineBrowser, EngineName } from "./engine.ts";
import { launchEngine } from "./launch.ts";
import {
  type Harness,
  type HarnessOptions,
  IS_SETTLED,
  type Scenario,
  STATUS,
} from "./scenario.ts";

export interface EngineProject extends AsyncDisposable {
  /** Plays a scenario in a fresh profile; nothing of the scenario before is left. */
  play(browser: EngineBrowser, run: Scenario["run"]): Promise<void>;
}

export async function openEngineProject(
  engine: EngineName,
  { environment = {}, hasSecureCookies = false }: HarnessOptions = {},
): Promise<EngineProject> {
  await using opened = new AsyncDisposableStack();
  const site = createDrivenSite();
  const server = opened.use(await openTestServer());
  const stack = opened.use(
    await server.startStack({
      functions: ["unified-auth"],
      environment: {
        ...(engine === "webkit" && !hasSecureCookies ? { SESSION_COOKIE_PREFIX: "" } : {}),
        ...environment,
      },
      site: () => site,
    }),
  );
  const sql = stack.database.connectAs("supabase_admin", { max: 1 });
  const kept = opened.move();
  return {
    async play(browser, run) {
      await emptySessionTables(sql);
      site.reset();
      await playIn(browser, run, { engine, site, stack, sql });
      await stack.whenIdle();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function playIn(
  browser: EngineBrowser,
  run: Scenario["run"],
  { engine, site, stack, sql }: Pick<Harness, "engine" | "site" | "stack"> & {
    readonly sql: postgres.Sql;
  },
): Promise<void> {
  let profile = await browser.openProfile();

  const url: Harness["url"] = ({ script, baseUrl = stack.baseUrl } = {}) => {
    const query = new URLSearchParams({ options: '{"settleMs":50}' });
    if (script !== undefined) query.set("script", script);
    return `${baseUrl}/?${query}`;
  };
  const open: Harness["open"] = async (options) => {
    const tab = await profile.openTab(url(options));
    await tab.waitFor(IS_SETTLED);
    return tab;
  };
  const signIn: Harness["signIn"] = async (tab) => {
    const { email, password } = SEED_USERS.ada;
    const outcome = `signIn(${JSON.stringify(email)}, ${JSON.stringify(password)})`;
    assert.equal(await tab.evaluate(`${outcome}.then(({ kind }) => kind)`), "signed-in");
    await tab.waitFor(`${STATUS} === "active"`);
  };
  try {
    await run({
      engine,
      site,
      stack,
      browser,
      launch: (options) => launchEngine(engine, options),
      url,
      open,
      async openSignedIn(options) {
        const tab = await open(options);
        await signIn(tab);
        site.reset();
        return tab;
      },
      refreshCookie: () =>
        profile.cookie(
          engine === "webkit" ? REFRESH_COOKIE.replace("__Host-", "") : REFRESH_COOKIE,
        ),
      async openAnotherProfile() {
        await profile[Symbol.asyncDispose]();
        profile = await browser.openProfile();
      },
      signIn,
      age: (seconds) => ageEverySession(sql, seconds),
      async isBound() {
        const rows = await sql<{ is_bound: boolean }[]>`
          select s.key_thumbprint is not null as is_bound
          from public.sessions as s where s.is_valid`;
        assert.equal(rows.length, 1);
        return rows[0]?.is_bound ?? false;
      },
    });
  } finally {
    site.end();
    await profile[Symbol.asyncDispose]();
  }
}
