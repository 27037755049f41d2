/**
 * A stack, a profile of a browser and tabs for one scenario. WebKitGTK keeps no `Secure` cookie of
 * plain-http loopback, so there the functions set cookies without prefix.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ageSession } from "../../../local/testing/aging.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer } from "../../../local/testing/test_server.ts";
import { createDrivenSite } from "../browser/driven_site.ts";
import type { EngineBrowser, EngineName } from "./engine.ts";
import { launchEngine } from "./launch.ts";
import { type Harness, type HarnessOptions, IS_SETTLED, STATUS } from "./scenario.ts";

export async function withHarness(
  { engine, browser }: { readonly engine: EngineName; readonly browser: EngineBrowser },
  run: (harness: Harness) => Promise<void>,
  { environment = {}, hasSecureCookies = false }: HarnessOptions = {},
): Promise<void> {
  const site = createDrivenSite();
  await using server = await openTestServer();
  await using stack = await server.startStack({
    environment: {
      ...(engine === "webkit" && !hasSecureCookies ? { SESSION_COOKIE_PREFIX: "" } : {}),
      ...environment,
    },
    site: () => site,
  });
  let profile = await browser.openProfile();
  const sql = stack.database.connect({ max: 1 });

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
      async openAnotherProfile() {
        await profile[Symbol.asyncDispose]();
        profile = await browser.openProfile();
      },
      signIn,
      async age(seconds) {
        for (const { id } of await sql<{ id: string }[]>`select s.id from public.sessions as s`) {
          await ageSession(sql, id, seconds);
        }
      },
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
