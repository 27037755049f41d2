/**
 * A project for scenarios one after the other, each with a profile of a browser. WebKitGTK keeps no `Secure` cookie of
 * plain-http loopback, so there the functions set cookies without prefix.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type DrivenParts, IS_SETTLED, openDrivenProject } from "../../harness/driven/project.ts";
import { REFRESH_COOKIE } from "../http/browser.ts";
import type { EngineBrowser, EngineName } from "./engine.ts";
import { launchEngine } from "./launch.ts";
import type { Harness, HarnessOptions, Scenario } from "./scenario.ts";

export interface EngineProject extends AsyncDisposable {
  /** Plays a scenario in a fresh profile; nothing of the scenario before is left. */
  play(browser: EngineBrowser, run: Scenario["run"]): Promise<void>;
}

export async function openEngineProject(
  engine: EngineName,
  { environment = {}, hasSecureCookies = false }: HarnessOptions = {},
): Promise<EngineProject> {
  const { parts, play, close } = await openDrivenProject({
    environment: {
      ...(engine === "webkit" && !hasSecureCookies ? { SESSION_COOKIE_PREFIX: "" } : {}),
      ...environment,
    },
  });
  return {
    play: (browser, run) => play(() => playIn(browser, run, { engine, parts })),
    [Symbol.asyncDispose]: close,
  };
}

async function playIn(
  browser: EngineBrowser,
  run: Scenario["run"],
  { engine, parts }: { readonly engine: EngineName; readonly parts: DrivenParts },
): Promise<void> {
  const { site, stack, sql, signIn } = parts;
  let profile = await browser.openProfile();

  const url: Harness["url"] = ({ script = "", baseUrl = stack.baseUrl } = {}) =>
    `${baseUrl}/?${new URLSearchParams({ options: '{"settleMs":50}', script })}`;
  const open: Harness["open"] = async (options) => {
    const tab = await profile.openTab(url(options));
    await tab.waitFor(IS_SETTLED);
    return tab;
  };
  try {
    await run({
      ...parts,
      engine,
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
      async isBound() {
        const rows = await sql<{ is_bound: boolean }[]>`
          select s.key_thumbprint is not null as is_bound
          from public.sessions as s where s.is_valid`;
        assert.equal(rows.length, 1);
        return rows[0]?.is_bound ?? false;
      },
    });
  } finally {
    await profile[Symbol.asyncDispose]();
  }
}
