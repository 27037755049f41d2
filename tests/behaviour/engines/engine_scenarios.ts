/**
 * What every browser must do, in the three engines that browsers are made of. WebKitGTK keeps no
 * `Secure` cookie of plain-http loopback, so there the functions set cookies without prefix.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { createDrivenSite, type DrivenSite } from "../browser/driven_site.ts";
import { findOptionalProgram } from "../../harness/optional_program.ts";
import {
  type EngineBrowser,
  type EngineName,
  type EngineOptions,
  type EngineTab,
} from "./engine.ts";
import { launchEngine } from "./launch.ts";

const PROGRAMS: Readonly<Record<EngineName, readonly string[]>> = {
  chromium: ["chromium"],
  firefox: ["firefox-esr"],
  webkit: ["WebKitWebDriver", "Xvfb"],
};

const STATUS = "session.getSnapshot().status";
const IS_SETTLED = `!!globalThis.session && !["unknown", "restoring"].includes(${STATUS})`;

interface Harness {
  readonly site: DrivenSite;
  readonly stack: TestStack;
  readonly browser: EngineBrowser;
  open(): Promise<EngineTab>;
  openSignedIn(): Promise<EngineTab>;
}

interface HarnessOptions {
  /** Of the functions. */
  readonly environment?: Readonly<Record<string, string>>;
}

async function withHarness(
  { name, browser }: { readonly name: EngineName; readonly browser: EngineBrowser },
  run: (harness: Harness) => Promise<void>,
  { environment = {} }: HarnessOptions = {},
): Promise<void> {
  const site = createDrivenSite();
  await using server = await openTestServer();
  await using stack = await server.startStack({
    environment: { ...(name === "webkit" ? { SESSION_COOKIE_PREFIX: "" } : {}), ...environment },
    site: () => site,
  });
  await using profile = await browser.openProfile();
  const url = `${stack.baseUrl}/?${new URLSearchParams({ options: '{"settleMs":50}' })}`;
  const open = async () => {
    const tab = await profile.openTab(url);
    await tab.waitFor(IS_SETTLED);
    return tab;
  };
  try {
    await run({
      site,
      stack,
      browser,
      open,
      async openSignedIn() {
        const tab = await open();
        await signIn(tab);
        await tab.waitFor(`${STATUS} === "active"`);
        site.reset();
        return tab;
      },
    });
  } finally {
    site.end();
  }
}

async function signIn(tab: EngineTab): Promise<string> {
  const { email, password } = SEED_USERS.ada;
  return await tab.evaluate<string>(
    `signIn(${JSON.stringify(email)}, ${JSON.stringify(password)}).then(({ kind }) => kind)`,
  );
}

/** Access tokens of four seconds: an hour's life in a few. */
const SHORT_LIVED = { SESSION_ACCESS_TTL_SECONDS: "4", SESSION_WINDOW_SECONDS: "1" };

interface Scenario extends EngineOptions, HarnessOptions {
  readonly rule: string;
  readonly run: (harness: Harness) => Promise<void>;
}

const SCENARIOS: readonly Scenario[] = [
  {
    rule: "a cold start asks the server first, and finds the session again",
    run: async ({ open, openSignedIn }) => {
      const first = await openSignedIn();
      const again = await open();
      assert.equal(await again.evaluate(STATUS), "active");
      await first.close();
    },
  },

  {
    rule: "a visitor who never signed in costs no request, at a start or a return",
    run: async ({ site, open }) => {
      const tab = await open();
      assert.equal(await tab.evaluate(STATUS), "signed-out");
      await tab.evaluate("globalThis.dispatchEvent(new Event('focus'))");
      await open();
      assert.equal(site.count(), 0);
    },
  },

  {
    rule: "who loses only the readable cookie stays signed in, and has it again",
    run: async ({ site, open, openSignedIn }) => {
      const tab = await openSignedIn();
      const name = await tab.evaluate<string>(
        `/(?:^|; )([^=;]*session_present)=1/.exec(document.cookie)[1]`,
      );
      await tab.evaluate(
        `document.cookie = "${name}=; Max-Age=0; Path=/${name.startsWith("__") ? "; Secure" : ""}"`,
      );
      assert.equal(await tab.evaluate("document.cookie"), "");
      const again = await open();
      assert.equal(await again.evaluate(STATUS), "active");
      assert.equal(site.count("validate"), 1);
      assert.equal(await again.evaluate("document.cookie"), `${name}=1`);
      // Known by the cookie alone, where the page's own storage was emptied.
      await again.evaluate("localStorage.clear()");
      assert.equal(await (await open()).evaluate(STATUS), "active");
    },
  },

  {
    rule: "a wrong password is a value, and a right one signs in",
    run: async ({ open }) => {
      const tab = await open();
      assert.equal(await tab.evaluate(STATUS), "signed-out");
      const { email } = SEED_USERS.grace;
      assert.equal(
        await tab.evaluate(`signIn(${JSON.stringify(email)}, "wrong").then(({ kind }) => kind)`),
        "refused",
      );
      assert.equal(await signIn(tab), "signed-in");
    },
  },

  {
    rule: "a session is bound to a key that the page cannot export",
    run: async ({ stack, openSignedIn }) => {
      const tab = await openSignedIn();
      const sql = stack.database.connect({ max: 1 });
      const rows =
        await sql`select octet_length(s.key_thumbprint) as bytes from public.sessions as s`;
      assert.deepEqual(rows.map(({ bytes }) => bytes), [16]);
      assert.equal(await tab.evaluate(STATUS), "active");
    },
  },

  {
    rule: "two tabs refresh once for each generation, and both stay signed in",
    run: async ({ site, open, openSignedIn }) => {
      const tabs = [await openSignedIn(), await open()];
      site.reset();
      const generation = "session.getSnapshot().generation";
      const [first] = tabs as [EngineTab, EngineTab];
      const before = await first.evaluate<number>(generation);
      for (const tab of tabs) await tab.waitFor(`${generation} >= ${before + 2}`);
      const after = await first.evaluate<number>(generation);
      assert.ok(site.count("refresh") <= after - before + 1, "one request for each generation");
      for (const tab of tabs) assert.equal(await tab.evaluate(STATUS), "active");
    },
    environment: SHORT_LIVED,
  },

  {
    rule: "a laptop that slept longer than its access token lives is signed in when it wakes",
    run: async ({ browser, openSignedIn }) => {
      const tab = await openSignedIn();
      await browser.sleep(6_000);
      await tab.waitFor(`${STATUS} === "active" && session.getSnapshot().canMutate`);
      assert.equal(await tab.evaluate('told.includes("signed-out")'), false);
    },
    environment: SHORT_LIVED,
  },

  {
    rule: "an outage on an expired access token keeps the session, which goes on afterwards",
    run: async ({ site, openSignedIn }) => {
      const tab = await openSignedIn();
      site.setFate(() => new Response("<h1>Gateway</h1>", { status: 502 }));
      await tab.waitFor(`${STATUS} === "degraded"`);
      site.setFate(null);
      await tab.waitFor(`${STATUS} === "active"`);
      assert.equal(await tab.evaluate('told.includes("signed-out")'), false);
    },
    environment: SHORT_LIVED,
  },

  {
    rule: "a page that comes back by the history is signed in",
    run: async ({ stack, openSignedIn }) => {
      const tab = await openSignedIn();
      await tab.navigate(`${stack.functionsUrl}/unified-auth/health`);
      await tab.goBack();
      await tab.waitFor(`!!globalThis.session && ${STATUS} === "active"`);
    },
  },

  {
    rule: "a private window signs in, and a second tab of it finds the session",
    run: async ({ open, openSignedIn }) => {
      await openSignedIn();
      const second = await open();
      assert.equal(await second.evaluate(STATUS), "active");
    },
    isPrivate: true,
  },

  {
    rule: "a browser that keeps no cookie is told so at the sign-in",
    run: async ({ open }) => {
      const tab = await open();
      assert.equal(await tab.evaluate(STATUS), "signed-out");
      const { email, password } = SEED_USERS.ada;
      const outcome = `signIn(${JSON.stringify(email)}, ${JSON.stringify(password)})`;
      assert.equal(await tab.evaluate(`${outcome}.then(({ code }) => code)`), "cookies-refused");
    },
    blocksSiteData: true,
  },
];

/** Tests the scenarios in one engine, where it is installed. */
export async function testEngine(engine: EngineName): Promise<void> {
  const missing: string[] = [];
  for (const program of PROGRAMS[engine]) {
    const found = await findOptionalProgram(program, `the scenarios in ${engine}`);
    if (found === undefined) missing.push(program);
  }
  if (missing.length > 0) return;
  // A browser takes seconds to start, so scenarios of the same kind of browser share one.
  const kinds = Map.groupBy(
    SCENARIOS,
    ({ blocksSiteData = false, isPrivate = false }) =>
      JSON.stringify({ blocksSiteData, isPrivate }),
  );
  for (const [options, scenarios] of kinds) {
    Deno.test(`${engine} ${options}`, async (test) => {
      await using browser = await launchEngine(engine, JSON.parse(options));
      for (const { rule, run, ...harness } of scenarios) {
        await test.step(rule, () => withHarness({ name: engine, browser }, run, harness));
      }
    });
  }
}
