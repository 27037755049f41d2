/**
 * The visitor's view of a page that is rendered on a server, whatever framework renders it. Each
 * app has the same elements: what the server knew, what the browser knows, a form to sign in, a button
 * to sign out, and one that saves by the framework's own way to write.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Browser, Page } from "puppeteer-core";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { launchChromium, openPage } from "../../harness/browser/chromium.ts";
import { type Framework, serveApp, type ServedApp } from "./app.ts";

const { email, password } = SEED_USERS.ada;

/** Access tokens of three seconds: two hours' life in four. */
const SHORT_LIVED = { SESSION_ACCESS_TTL_SECONDS: "3", SESSION_WINDOW_SECONDS: "1" };

interface Visitor extends ServedApp {
  readonly page: Page;
}

export function testApp(framework: Framework): void {
  Deno.test(`an app with ${framework}`, async (test) => {
    await using chromium = await launchChromium();
    // To start the functions and the app takes seconds, so scenarios of one environment share them.
    const environments = Map.groupBy(
      Object.entries(SCENARIOS),
      ([, { environment = {} }]) => JSON.stringify(environment),
    );
    for (const [environment, scenarios] of environments) {
      await using served = await serveApp(framework, JSON.parse(environment));
      for (const [rule, { run }] of scenarios) {
        await test.step(rule, () => visit({ served, chromium }, run));
      }
      served.site.end();
    }
  });
}

/** With a new profile, and nothing of the scenario before. */
async function visit(
  { served, chromium }: { readonly served: ServedApp; readonly chromium: Browser },
  run: (visitor: Visitor) => Promise<void>,
): Promise<void> {
  served.site.reset();
  const { page, complaints } = await openPage(chromium);
  await run({ ...served, page });
  assert.deepEqual(complaints, [], "the page complained");
  await page.browserContext().close();
}

interface Scenario {
  readonly run: (visitor: Visitor) => Promise<void>;
  /** Of the functions. */
  readonly environment?: Readonly<Record<string, string>>;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "a visitor without a session is signed out from the first paint": {
    async run({ page, url }) {
      await page.goto(url);
      await shows(page, "#server", "signed-out nobody");
      await shows(page, "#client", "signed-out nobody");
      await page.goto(`${url}/account`);
      assert.equal(new URL(page.url()).pathname, "/", "the guard leads back");
    },
  },

  "somebody who is signed in is so from the first paint, and may write": {
    async run({ page, url }) {
      await signIn(page, url);
      await page.reload();
      await shows(page, "#server", `active ${email}`);
      await shows(page, "#client", `active ${email}`);
      await saves(page, `saved for ${email}`);
      await page.goto(`${url}/account`);
      await shows(page, "#account", email);
      assert.deepEqual(await readMe(page, url), { status: "active", email });
    },
  },

  "after two hours the page is rendered for its person, and the browser refreshes": {
    async run({ page, url }) {
      await signIn(page, url);
      await page.goto("about:blank");
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      assert.deepEqual(await readMe(page, url), { status: "grace", email });
      await page.goto(url);
      await shows(page, "#server", `grace ${email}`);
      await shows(page, "#client", `active ${email}`);
      await page.reload();
      await shows(page, "#server", `active ${email}`);
    },
    environment: SHORT_LIVED,
  },

  "somebody who was signed out elsewhere is signed out from the first paint": {
    async run({ page, url, stack }) {
      await signIn(page, url);
      const sql = stack.database.connect({ max: 1 });
      await sql`select public.revoke_user_sessions(
        p_user_id => ${SEED_USERS.ada.id}, p_scope => 'global',
        p_context => row(null, null, null))`;
      await page.reload();
      await shows(page, "#server", "signed-out nobody");
      await page.waitForSelector(`#client::-p-text(${email})`, { hidden: true });
    },
  },

  "a backend that is down signs nobody out": {
    async run({ page, url, site }) {
      await signIn(page, url);
      site.setFate(() => new Response("Bad gateway", { status: 502 }));
      await page.reload();
      await shows(page, "#server", "unavailable nobody");
      site.setFate(null);
      await page.reload();
      await shows(page, "#server", `active ${email}`);
    },
  },

  "twenty renders at once rotate nothing and agree": {
    async run({ page, url, stack }) {
      await signIn(page, url);
      const sql = stack.database.connect({ max: 1 });
      const generations = () => sql`select s.generation from public.sessions as s`;
      const before = await generations();
      const visits = await Promise.all(Array.from({ length: 20 }, () => readMe(page, url)));
      assert.deepEqual(new Set(visits.map(({ status }) => status)), new Set(["active"]));
      assert.deepEqual([...await generations()], [...before]);
    },
  },

  "Back after signing out shows nobody's page": {
    async run({ page, url }) {
      await signIn(page, url);
      await page.reload();
      await shows(page, "#server", `active ${email}`);
      await page.locator("#sign-out").click();
      await shows(page, "#client", "signed-out nobody");
      await page.goto(`${url}/api/me`);
      await page.goBack();
      await shows(page, "#client", "signed-out nobody");
    },
  },
};

async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await shows(page, "#client", "signed-out nobody");
  await page.locator("[name=email]").fill(email);
  await page.locator("[name=password]").fill(password);
  await page.locator("#sign-in button").click();
  await shows(page, "#client", `active ${email}`);
}

async function saves(page: Page, expected: string): Promise<void> {
  await page.locator("#save").click();
  await shows(page, "#saved", expected);
}

async function shows(page: Page, selector: string, text: string): Promise<void> {
  try {
    await page.waitForSelector(`${selector}::-p-text(${text})`, { timeout: 15_000, visible: true });
  } catch {
    const shown = await page.$eval(selector, ({ textContent }) => textContent).catch(() => null);
    assert.equal(shown, text, selector);
  }
}

async function readMe(
  page: Page,
  url: string,
): Promise<{ readonly status: string; readonly email: string | null }> {
  // With the browser's cookies, and without a page whose client would refresh.
  const cookies = await page.browserContext().cookies();
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const response = await fetch(`${url}/api/me`, { headers: { cookie } });
  assert.match(response.headers.get("cache-control") ?? "", /no-store/);
  return await response.json();
}
