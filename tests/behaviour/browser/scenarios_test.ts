import assert from "node:assert/strict";
import { ACCESS_COOKIE, REFRESH_COOKIE } from "../http/browser.ts";
import { openStagedProject, QUICK, SHORT_LIVED } from "./scenario.ts";

const project = await openStagedProject();
const shortLived = await openStagedProject(SHORT_LIVED);
Deno.test.afterAll(async () => {
  await project.close();
  await shortLived.close();
});

Deno.test("a 429 on an expired access token leaves the session unverified and never signs out", () =>
  shortLived.withStage(async ({ site, chromium, openSignedIn }) => {
    const tab = await openSignedIn(QUICK);
    site.setFate(() =>
      Response.json({ code: "over_request_rate_limit", message: "later" }, {
        status: 429,
        headers: { "retry-after": "1" },
      })
    );
    await tab.waitFor("session.getSnapshot().status === 'degraded'");
    assert.deepEqual(await tab.evaluate("events.includes('signed-out')"), false);
    assert.ok(await chromium.cookie(REFRESH_COOKIE), "the cookie is still there");
    site.setFate(null);
    await tab.waitFor("session.getSnapshot().status === 'active'");
  }));

Deno.test("two tabs refresh once for each generation, and both stay signed in", () =>
  shortLived.withStage(async ({ site, openSignedIn, open }) => {
    const first = await openSignedIn({ settleMs: 50 });
    const second = await open({ settleMs: 50 });
    site.reset();
    const before = await first.evaluate<number>("session.getSnapshot().generation");
    for (const tab of [first, second]) {
      await tab.waitFor(`session.getSnapshot().generation >= ${before + 2}`);
    }
    const after = await first.evaluate<number>("session.getSnapshot().generation");
    assert.equal(site.count("refresh"), after - before);
    for (const tab of [first, second]) {
      assert.equal(await tab.evaluate("session.getSnapshot().status"), "active");
    }
  }));

Deno.test("a rotation whose page goes away meanwhile is kept", () =>
  project.withStage(async ({ site, chromium, stack, openSignedIn, age }) => {
    const tab = await openSignedIn();
    await age(3_000);
    const before = await chromium.cookie(REFRESH_COOKIE);
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    site.setFate(async (reply, request) => {
      if (!request.url.endsWith("/refresh")) return reply;
      arrived.resolve();
      await held.promise;
      return reply;
    });
    await tab.evaluate("void session.refresh()");
    await arrived.promise;
    await tab.navigate(`${stack.functionsUrl}/unified-auth/health`);
    await tab.waitFor("location.pathname.endsWith('/health')");
    held.resolve();
    await chromium.waitForCookie(REFRESH_COOKIE, (value) => value !== before);
  }));

Deno.test("a return to the tab tells the app nothing that is not news", () =>
  project.withStage(async ({ site, openSignedIn }) => {
    const tab = await openSignedIn(QUICK);
    await tab.evaluate("events.length = 0");
    site.reset();
    for (let turn = 0; turn < 2; turn++) {
      await tab.hide();
      await tab.waitFor("document.hidden && !document.hasFocus()");
      await tab.show();
      await tab.waitFor("!document.hidden && document.hasFocus()");
      await tab.evaluate("new Promise((resolve) => setTimeout(resolve, 1_200))");
    }
    assert.deepEqual(await tab.evaluate("events"), []);
    assert.equal(site.count("validate") + site.count("refresh"), 0, "verified a moment ago");
  }));

Deno.test("three refreshes at once in one tab are one request", () =>
  project.withStage(async ({ site, openSignedIn, age }) => {
    const tab = await openSignedIn();
    await age(3_000);
    await tab.evaluate("Promise.all([1, 2, 3].map(() => session.refresh())).then(() => 0)");
    assert.equal(site.count("refresh"), 1);
  }));

Deno.test("a network error is tried again, and keeps the session", () =>
  project.withStage(async ({ site, openSignedIn }) => {
    const tab = await openSignedIn(QUICK);
    let failures = 0;
    site.setFate((reply) => {
      if (failures++ > 1) return reply;
      return new Response("<h1>Sign in to the hotel's network</h1>", {
        headers: { "content-type": "text/html" },
      });
    });
    await tab.evaluate("session.refresh().then(() => 0)");
    assert.equal(await tab.evaluate("session.getSnapshot().status"), "active");
    await tab.waitFor("session.getSnapshot().failures === 0");
    assert.ok(failures >= 3);
  }));

Deno.test("three calls that are refused at once, and a late one, are sent again after one refresh", () =>
  project.withStage(async ({ site, chromium, openSignedIn, age }) => {
    const tab = await openSignedIn();
    await age(3_000);
    await chromium.forgetCookie(ACCESS_COOKIE);
    assert.equal(await chromium.cookie(ACCESS_COOKIE), undefined);
    const refreshed = Promise.withResolvers<void>();
    let refused = 0;
    site.setFate(async (reply, request) => {
      if (!request.url.endsWith("/sessions")) {
        refreshed.resolve();
        return reply;
      }
      if (refused++ >= 4) return reply;
      if (refused === 4) await refreshed.promise; // this refusal comes when all is well again
      return Response.json({ code: "access_token_expired", message: "expired" }, { status: 401 });
    });
    const statuses = await tab.evaluate<number[]>(`Promise.all([1, 2, 3, 4].map(() =>
      session.fetch("/functions/v1/unified-auth/sessions").then((reply) => reply.status)))`);
    assert.deepEqual(statuses, [200, 200, 200, 200]);
    assert.equal(site.count("refresh") + site.count("validate"), 1);
  }));

Deno.test("a renderer that stood still is noticed without any event, and asks once", () =>
  project.withStage(async ({ site, chromium, openSignedIn }) => {
    const tab = await openSignedIn({ ...QUICK, heartbeatMs: 500, revalidateAfterMs: 1_000 });
    await tab.evaluate("events.length = 0");
    site.reset();
    await chromium.sleep(3_000);
    await tab.waitFor("events.includes('suspended')");
    await tab.evaluate("new Promise((resolve) => setTimeout(resolve, 400))");
    assert.equal(site.count("validate") + site.count("refresh"), 1);
  }));

for (const role of ["holder", "waiter"] as const) {
  Deno.test(`a frozen ${role} of the lock holds up no other tab`, () =>
    project.withStage(async ({ site, openSignedIn, open, age }) => {
      const frozen = await openSignedIn(QUICK);
      const other = await open(QUICK);
      await age(3_000);
      const held = Promise.withResolvers<void>();
      const arrived = Promise.withResolvers<void>();
      site.setFate(async (reply) => {
        arrived.resolve();
        await held.promise;
        return reply;
      });
      const [first, second] = role === "holder" ? [frozen, other] : [other, frozen];
      await first.evaluate("void session.refresh()");
      await arrived.promise;
      await second.evaluate("void session.refresh()");
      await other.show();
      await frozen.freeze();
      held.resolve();
      site.setFate(null);
      const startedMs = performance.now();
      await other.waitFor("session.getSnapshot().generation === 2");
      assert.ok(performance.now() - startedMs < 6_000);
      await frozen.thaw();
      await frozen.show();
      await frozen.waitFor("session.getSnapshot().generation === 2");
    }));
}
