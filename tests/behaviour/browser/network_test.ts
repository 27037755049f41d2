import assert from "node:assert/strict";
import { ACCESS_COOKIE, REFRESH_COOKIE } from "../http/browser.ts";
import { type NetworkFault, startFaultyProxy } from "../../harness/faulty_proxy.ts";
import { createDrivenSite } from "../../harness/driven/site.ts";
import { IS_SETTLED } from "../../harness/driven/project.ts";
import { openStagedProject, QUICK } from "./scenario.ts";

const project = await openStagedProject();
const exposing = await openStagedProject({ environment: { SESSION_EXPOSE_ACCESS_TOKEN: "true" } });
/** The pages of an app whose functions are on another origin of the same site. */
const app = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
  (request, { remoteAddr }) => createDrivenSite().fetch(request, remoteAddr.hostname),
);
const appOrigin = `http://127.0.0.1:${app.addr.port}`;
const across = await openStagedProject({ environment: { SESSION_ALLOWED_ORIGINS: appOrigin } });
Deno.test.afterAll(async () => {
  await project.close();
  await exposing.close();
  await across.close();
  await app.shutdown();
});

Deno.test("a server that never answers is given up in sixteen seconds by every way to ask", () =>
  project.withStage(async ({ site, openSignedIn }) => {
    const tab = await openSignedIn(); // the options that everybody gets
    const never = Promise.withResolvers<void>();
    site.setFate(async (reply) => {
      await never.promise;
      return reply;
    });
    const settled = await tab.evaluate<readonly (readonly [string, number])[]>(`(async () => {
      const now = Date.now;
      Date.now = () => now() + 7_200_000; // the access token has expired
      const startedMs = performance.now();
      const settle = (asked) => asked.then(
        (value) => [value?.status ?? String(value), performance.now() - startedMs],
        ({ name }) => [name, performance.now() - startedMs],
      );
      return await Promise.all([
        settle(session.refresh()),
        settle(session.getAccessToken()),
        settle(session.fetch("/functions/v1/unified-auth/sessions")),
      ]);
    })()`);
    never.resolve();
    assert.deepEqual(settled.map(([what]) => what), [
      "degraded",
      "SessionUnavailableError",
      "SessionUnavailableError",
    ]);
    for (const [what, elapsedMs] of settled) assert.ok(elapsedMs < 16_000, `${what} ${elapsedMs}`);
    site.setFate(null);
    await tab.waitFor("session.getSnapshot().status === 'active'");
  }));

for (const hours of [2, -2]) {
  Deno.test(`a clock that is ${hours} hours wrong from the start costs no refresh`, () =>
    project.withStage(async ({ site, openSignedIn }) => {
      const tab = await openSignedIn(
        {},
        `{
        const now = Date.now;
        Date.now = () => now() + ${hours * 3_600_000};
      }`,
      );
      const seconds = "(session.getSnapshot().accessExpiresAt - Date.now()) / 1000";
      assert.ok(Math.abs(await tab.evaluate<number>(seconds) - 3_600) < 60);
      await tab.evaluate(
        "(async () => { for (let i = 0; i < 40; i++) await session.check('focus'); })()",
      );
      assert.equal(site.count("refresh"), 0);
      assert.ok(site.count("validate") <= 1);
      assert.equal(await tab.evaluate("session.getSnapshot().canMutate"), true);
    }));

  Deno.test(`a clock that is set by ${hours} hours meanwhile is one request at most`, () =>
    project.withStage(async ({ site, openSignedIn }) => {
      const tab = await openSignedIn();
      await tab.evaluate(
        `{ const now = Date.now; Date.now = () => now() + ${hours * 3_600_000}; }`,
      );
      await tab.evaluate(
        "(async () => { for (let i = 0; i < 40; i++) await session.getAccessToken(); })()",
      );
      assert.ok(site.count("refresh") + site.count("validate") <= 1);
      assert.equal(await tab.evaluate("session.getSnapshot().status"), "active");
    }));
}

/**
 * The server hangs up when it has done its work. On a connection that served before, a browser takes
 * that for one that was closed for idleness, and sends the request again, a POST too.
 */
const LOST_REPLY: NetworkFault = {
  kind: "truncate",
  bytes: 0,
  when: /^POST \/functions\/v1\/unified-auth\/refresh /,
};

Deno.test("a refresh that the browser itself repeats, as its connections are dropped, is one rotation", () =>
  project.withStage(async ({ site, stack, chromium, signIn, age }) => {
    await using proxy = startFaultyProxy(() => Number(new URL(stack.baseUrl).port));
    const tab = await chromium.openTab(
      `${proxy.url}/?${new URLSearchParams({
        options: JSON.stringify({ ...QUICK, requestTimeoutMs: 5_000 }),
      })}`,
    );
    await tab.waitFor("globalThis.session?.getSnapshot().status === 'signed-out'");
    await signIn(tab);
    await age(3_000);
    site.reset();
    proxy.setFault({ ...LOST_REPLY, times: 1 });
    await tab.evaluate("session.refresh().then(() => 0)");
    await tab.waitFor("session.getSnapshot().generation === 2");
    assert.equal(proxy.met, 1);
    assert.ok(site.count("refresh") >= 2, "the functions had done their work before");
    await age(3_000);
    proxy.setFault({ ...LOST_REPLY, times: 3 }); // what the browser repeats too
    await tab.evaluate("session.refresh().then(() => 0)");
    await tab.waitFor("session.getSnapshot().failures === 0");
    assert.ok(proxy.met >= 3, "the repeated one too, so that the client had to ask again");
    await tab.evaluate("session.refresh().then(() => 0)");
    await tab.waitFor("session.getSnapshot().generation === 3");
    assert.ok(!await tab.evaluate("events.includes('session-ended')"));
    await tab.close();
  }));

Deno.test("a rotation whose tab is closed meanwhile is kept, and its predecessor still counts", () =>
  project.withStage(async ({ site, chromium, openSignedIn, open, age }) => {
    const other = await openSignedIn(QUICK);
    const tab = await open(QUICK);
    await age(3_000);
    const before = await chromium.cookie(REFRESH_COOKIE);
    const held = Promise.withResolvers<void>();
    site.reset();
    site.setFate(async (reply) => {
      await held.promise;
      return reply;
    });
    await tab.evaluate("void session.refresh()");
    await site.arrival("refresh", 1);
    await tab.close();
    await new Promise((resolve) => setTimeout(resolve, 1_000)); // its renderer goes after it
    held.resolve();
    site.setFate(null);
    await chromium.waitForCookie(REFRESH_COOKIE, (value) => value !== before);
    // And a browser that crashes before it wrote the new one down comes back with the old one.
    await chromium.restoreCookie(REFRESH_COOKIE, before ?? "");
    await chromium.forgetCookie(ACCESS_COOKIE);
    await other.evaluate("session.refresh().then(() => 0)");
    const { status, generation } = await other.evaluate<{ status: string; generation: number }>(
      "session.getSnapshot()",
    );
    assert.deepEqual([status, generation], ["active", 2]);
    assert.notEqual(await chromium.cookie(REFRESH_COOKIE), before);
  }));

Deno.test("messages between tabs and stored records hold no token", () =>
  exposing.withStage(async ({ openSignedIn, open, age }) => {
    const listen = `
      globalThis.overheard = [];
      new BroadcastChannel("unified-auth:session").onmessage = ({ data }) => overheard.push(JSON.stringify(data));`;
    const listener = await open({}, listen);
    const tab = await openSignedIn();
    await age(3_000);
    await tab.evaluate("session.refresh().then(() => 0)");
    await listener.waitFor("overheard.some((text) => text.includes('\"generation\":2'))");
    const token = await tab.evaluate<string>("session.getAccessToken()");
    assert.match(token, /^ey/);
    const [, , signature = ""] = token.split(".");
    const known = await listener.evaluate<string>(
      "JSON.stringify([overheard, Object.entries(localStorage)])",
    );
    assert.ok(known.includes("ada@example.com"), "tabs tell each other whose session it is");
    const stored = await listener.evaluate<string>("JSON.stringify(Object.entries(localStorage))");
    assert.ok(!stored.includes("ada@example.com"), "no app has named the e-mail for this device");
    assert.ok(!known.includes(signature) && !/eyJ|refresh_token/.test(known));
  }));

Deno.test("a page on another origin asks for permission once, and not before each request", () =>
  across.withStage(async ({ site, stack, chromium, signIn, age }) => {
    const tab = await chromium.openTab(`${appOrigin}/?backend=${stack.baseUrl}`);
    await tab.waitFor(IS_SETTLED);
    await signIn(tab);
    const methods: string[] = [];
    site.setFate((reply, { method, url }) => {
      if (url.endsWith("/refresh")) methods.push(method);
      return reply;
    });
    for (const generation of [2, 3]) {
      await age(3_000);
      await tab.evaluate("session.refresh().then(() => 0)");
      assert.equal(await tab.evaluate("session.getSnapshot().generation"), generation);
    }
    assert.deepEqual(methods, ["OPTIONS", "POST", "POST"]);
  }));
