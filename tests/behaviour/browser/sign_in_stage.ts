/**
 * A stage for sign-ins in a real browser: an app at `localhost`, with the functions beside it, and
 * Supabase Auth, its provider and its mails at `127.0.0.1`, which is another site. So every redirect
 * crosses sites, as it does in production.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import type { BrowserContext, Page } from "puppeteer-core";
import { findFreePort } from "../../../local/platform/postgres/server.ts";
import { openTestServer, type TestStack } from "../../../local/testing/test_server.ts";
import { launchChromium, openPage } from "../../harness/browser/chromium.ts";
import { evaluate, fillIn, named, press, see } from "../../harness/browser/page.ts";
import { insertPerson } from "../../harness/people.ts";
import { createDrivenSite } from "../../harness/driven/site.ts";

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** A separate browser: its tabs share cookies and storage, and nothing with another one's. */
export interface SignInBrowser {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors thrown in the page and on its console, but for refused requests. */
  readonly complaints: readonly string[];
  /** `METHOD path` of every request of the page to the functions, without the query. */
  readonly calls: readonly string[];
}

export interface SignInStage {
  readonly stack: TestStack;
  readonly sql: postgres.Sql;
  /** `http://localhost:…`, of the app. */
  readonly app: string;
  /** Every token that Supabase Auth has given the functions. */
  readonly issued: readonly string[];
  /** The functions' answers to browsers: headers, cookies too, and body. */
  readonly replies: readonly string[];
  /** Supabase Auth answers the functions 503 to requests that fit, until the next call. Null: to none. */
  setAway(requests: RegExp | null): void;
  createPerson(): Promise<Person>;
  /** Runs a test with a new Chromium: `open` opens a browser in it, without cookies. */
  withBrowsers(run: (open: () => Promise<SignInBrowser>) => Promise<void>): Promise<void>;
  /** Sends what a browser without cookies sends: it asks for a mail that another one opens. */
  post(path: string, body: object): Promise<void>;
  /** Where the link of the last mail to this address leads. */
  lastLink(email: string): string;
  /** The last session of this user. */
  readSession(person: Person): Promise<Readonly<Record<string, unknown>> | undefined>;
  close(): Promise<void>;
}

const TOKEN_FIELD =
  /"(?:access_token|refresh_token|provider_token|provider_refresh_token)":"([^"]+)"/g;

const PASSWORD = "correct-horse-battery-staple";

export async function openSignInStage(): Promise<SignInStage> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await openTestServer());
  const port = findFreePort();
  const site = createDrivenSite();
  const app = `http://localhost:${port}`;
  let away: RegExp | null = null;
  const issued: string[] = [];
  const replies: string[] = [];
  const project = opened.use(
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { pathname, search } = new URL(request.url);
      if (away?.test(`${request.method} ${pathname}${search}`)) {
        return new Response(null, { status: 503 });
      }
      const { method, headers, body } = request;
      const target = `http://127.0.0.1:${port}${pathname}${search}`;
      const answer = await fetch(target, { method, headers, body, redirect: "manual" });
      if (pathname.startsWith("/auth/v1/")) {
        const text = await answer.clone().text();
        issued.push(...[...text.matchAll(TOKEN_FIELD)].map(([, token = ""]) => token));
      }
      return answer;
    }),
  );
  const stack = opened.use(
    await server.startStack({
      port,
      functions: ["unified-auth"],
      site: () => ({
        ...site,
        async deliver(_request, reply) {
          const headers = [...reply.headers].map((pair) => pair.join(": ")).join("\n");
          replies.push(`${headers}\n\n${await reply.clone().text()}`);
          return reply;
        },
      }),
      environment: {
        SUPABASE_URL: `http://127.0.0.1:${project.addr.port}`,
        SESSION_ALLOWED_ORIGINS: app,
        SESSION_PUBLIC_URL: `${app}/functions/v1/unified-auth`,
      },
    }),
  );
  const { authSettings } = stack;
  authSettings.siteUrl = app;
  authSettings.mailIntervalSeconds = 0;
  authSettings.allowedRedirects = ["callback", "confirm"]
    .map((page) => `${app}/functions/v1/unified-auth/${page}`);
  const sql = stack.database.connect({ max: 2 });
  const kept = opened.move();

  return {
    stack,
    sql,
    app,
    issued,
    replies,
    setAway(requests) {
      away = requests;
    },
    async createPerson() {
      const id = crypto.randomUUID();
      const person = { id, email: `${id.slice(0, 8)}@example.com`, password: PASSWORD };
      await insertPerson(sql, person);
      return person;
    },
    async withBrowsers(run) {
      await using chromium = await launchChromium();
      await run(async () => {
        const { page, complaints } = await openPage(chromium);
        const calls: string[] = [];
        page.on("request", (request) => {
          const { pathname } = new URL(request.url());
          const [, path] = /^\/functions\/v1\/unified-auth(\/.*)$/.exec(pathname) ?? [];
          if (path !== undefined) calls.push(`${request.method()} ${path}`);
        });
        return { context: page.browserContext(), page, complaints, calls };
      });
    },
    async post(path, body) {
      const response = await fetch(`${stack.functionsUrl}/unified-auth${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      await response.body?.cancel();
      assert.ok(response.ok, `${path} was answered ${response.status}`);
    },
    lastLink(email) {
      const message = stack.mailbox.messages.findLast(({ to }) => to === email);
      const [, link] = /href="([^"]+)"/.exec(message?.body ?? "") ?? [];
      return link?.replaceAll("&amp;", "&") ?? assert.fail(`No link was sent to ${email}`);
    },
    async readSession({ id }) {
      const [row] = await sql`
        select s.* from public.sessions as s
        where s.user_id = ${id} order by s.created_at desc limit 1`;
      return row;
    },
    close: () => kept.disposeAsync(),
  };
}

/** Resolves when the client of the page knows whether somebody is signed in: who; null: nobody. */
export async function emailIn(page: Page): Promise<string | null> {
  const settled = "globalThis.session && !['unknown', 'restoring'].includes(session.status)";
  await page.waitForFunction(settled);
  return await evaluate(page, "session.status === 'active' ? session.user.email : null");
}

/** Leaves the page for the provider, as the client of the page does it. */
export async function leaveForProvider(page: Page): Promise<void> {
  await emailIn(page);
  await page.evaluate("void session.signIn.withOAuth({ provider: 'keycloak' })");
  await see(page, named("Who are you?", "heading"));
}

/** Says at the provider who one is, and comes back. */
export async function answerProvider(page: Page, email: string): Promise<void> {
  await fillIn(page, "E-mail", email);
  await press(page, "This is me");
}
