/**
 * One contestant in one scenario: its own server, its own browser profile, and tabs to play with.
 *
 * @module
 */

import type { TestServer } from "../../local/testing/test_server.ts";
import {
  type ChromiumTab,
  launchChromiumProfile,
} from "../../tests/harness/browser/chromium_profile.ts";
import type { Profile } from "../../tests/harness/browser/profile.ts";
import type { Bundle } from "./bundles.ts";
import type { Arena, Contestant } from "./contestant.ts";
import type { Facts, Scenario } from "./scenario.ts";

export interface Stage {
  readonly arena: Arena;
  readonly contestant: Contestant;
  /** A tab with the contestant's page; tabs share cookies and storage. */
  open(options?: PageOptions): Promise<ChromiumTab>;
  /** As `open`, and signed in. The counts begin anew afterwards. */
  openSignedIn(options?: PageOptions): Promise<ChromiumTab>;
  /** Expires the access token, for the server and for the cookies; the page has not noticed. */
  outliveAccess(): Promise<void>;
  /** As `outliveAccess`, while the machine slept: the clocks of these and later pages moved on too. */
  sleep(tabs: readonly ChromiumTab[]): Promise<void>;
  /** The browser's refresh credential, read on `tab`. */
  heldCredential(tab: ChromiumTab): Promise<string | undefined>;
}

export interface PageOptions {
  /** Origin to open it at. @default {the arena's} */
  readonly baseUrl?: string;
  /** How wrong the page's clock is, beside the time that was slept. @default {0} */
  readonly clockOffsetMs?: number;
}

/** An app's daily call that renews an expired token, as an expression; whether it is served. */
export const RENEW =
  "(contestant.readRenews ? contestant.read() : contestant.refresh()).catch(() => false)";

/** No scenario takes half as long. */
const PATIENCE_MS = 90_000;

/** Longer than any access token here lives, shorter than any session. */
const OUTLIVED_SECONDS = 3_700;

export async function playScenario(
  scenario: Scenario,
  { contestant, bundle, server, openBrowser = launchChromiumProfile }: {
    readonly contestant: Contestant;
    readonly bundle: Bundle;
    readonly server: TestServer;
    /** @default {Chromium} */
    readonly openBrowser?: (() => Promise<Profile<ChromiumTab>>) | undefined;
  },
): Promise<Facts> {
  await using arena = await contestant.openArena({
    server,
    script: bundle.script,
    accessTtlSeconds: contestant.accessTtlSeconds?.[scenario.id] ?? scenario.accessTtlSeconds,
  });
  await using browser = await openBrowser();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("No end in sight")), PATIENCE_MS);
  try {
    return await Promise.race([
      scenario.run(createStage({ arena, browser, contestant })),
      late.promise,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function createStage(
  { arena, browser, contestant }: {
    readonly arena: Arena;
    readonly browser: Profile<ChromiumTab>;
    readonly contestant: Contestant;
  },
): Stage {
  let sleptMs = 0;
  const open: Stage["open"] = async ({ baseUrl = arena.baseUrl, clockOffsetMs = 0 } = {}) => {
    const tab = await browser.openTab(`${baseUrl}/?clock=${sleptMs + clockOffsetMs}`);
    await tab.waitFor("globalThis.contestant?.isReady() === true");
    return tab;
  };
  const outliveAccess = async () => {
    await arena.passTime(OUTLIVED_SECONDS);
    for (const name of contestant.accessCookies ?? []) await browser.forgetCookie(name);
  };
  return {
    arena,
    contestant,
    open,
    outliveAccess,
    async sleep(tabs) {
      await outliveAccess();
      sleptMs += OUTLIVED_SECONDS * 1000;
      for (const tab of tabs) await tab.evaluate(`advanceClock(${OUTLIVED_SECONDS * 1000})`);
    },
    async openSignedIn(options) {
      const tab = await open(options);
      await tab.evaluate("contestant.signIn().then(() => 0)");
      await tab.waitFor("contestant.isSignedIn()");
      await tab.evaluate("void (contestant.events.length = 0)");
      arena.wire.reset();
      return tab;
    },
    async heldCredential(tab) {
      const { credential } = contestant;
      return "cookie" in credential
        ? await browser.cookie(credential.cookie)
        : await tab.evaluate<string | undefined>(credential.expression);
    },
  };
}

/** Polls until `isTrue`, or the deadline; answers whether it became true. */
export async function becomesTrue(
  isTrue: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (performance.now() < until) {
    if (await isTrue()) return true;
    await pause(50);
  }
  return await isTrue();
}

/** Waits for `promise`, but not for longer than that; no timer is left over. */
export async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  const impatient = Promise.withResolvers<void>();
  const timer = setTimeout(() => impatient.resolve(), milliseconds);
  try {
    await Promise.race([promise, impatient.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** For as long as a scenario itself lasts: a person who is away, a header that says when. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
