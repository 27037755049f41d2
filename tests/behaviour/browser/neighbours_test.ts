import assert from "node:assert/strict";
import { openStagedProject } from "./scenario.ts";

/** Its neighbour on the same host, whose cookies ignore the port. */
const shop = await openStagedProject({ environment: { SESSION_COOKIE_SUFFIX: "shop" } });
const project = await openStagedProject();
Deno.test.afterAll(async () => {
  await shop.close();
  await project.close();
});

Deno.test("two projects on one host keep their sessions apart by a suffix", () =>
  project.withStage(async ({ chromium, openSignedIn }) => {
    const tab = await openSignedIn();
    await shop.withStage(async ({ url, signIn }) => {
      const other = await chromium.openTab(url());
      await other.waitFor("globalThis.session?.status === 'signed-out'");
      await signIn(other);
      for (const each of [tab, other]) {
        await each.evaluate("session.check().then(() => 0)");
        assert.equal(await each.evaluate("session.status"), "active");
      }
      await other.evaluate("session.signOut().then(() => 0)");
    });
    await tab.evaluate("session.refresh().then(() => 0)");
    assert.equal(await tab.evaluate("session.status"), "active");
  }));

Deno.test("an app's own lock and channel by the client's name hold up nothing and are not heard", () =>
  project.withStage(async ({ openSignedIn, age }) => {
    const script = `
      navigator.locks.request("session", () => new Promise(() => {}));
      globalThis.channel = new BroadcastChannel("session");
      channel.onmessage = ({ data }) => heard.push(data);
      globalThis.heard = [];`;
    const tab = await openSignedIn({}, script);
    await age(3_000);
    const elapsedMs = await tab.evaluate<number>(`(async () => {
      const since = performance.now();
      await session.refresh();
      channel.postMessage({ signedOut: true });
      return performance.now() - since;
    })()`);
    // Behind the lock it would be five seconds.
    assert.ok(elapsedMs < 4_000, `took ${elapsedMs} ms`);
    assert.equal(await tab.evaluate("session.getSnapshot().generation"), 2);
    assert.deepEqual(await tab.evaluate("heard"), []);
    assert.equal(await tab.evaluate("session.status"), "active");
  }));

/** An API on another origin that refuses the first access token. */
function serveApi(exposed: Readonly<Record<string, string>>): Deno.HttpServer<Deno.NetAddr> {
  let calls = 0;
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, (request) => {
    const headers = {
      "access-control-allow-origin": request.headers.get("origin") ?? "*",
      "access-control-allow-credentials": "true",
      "access-control-allow-headers": "*",
      ...exposed,
    };
    if (request.method === "OPTIONS") return new Response(null, { headers });
    if (++calls > 1) return new Response(String(calls), { headers });
    const refusal = { "www-authenticate": 'Bearer error="invalid_token"' };
    return new Response(null, { status: 401, headers: { ...headers, ...refusal } });
  });
}

Deno.test("a call that another origin refused is sent again only where that exposes its header", () =>
  project.withStage(async ({ openSignedIn, age, site }) => {
    const tab = await openSignedIn();
    const header = { "access-control-expose-headers": "WWW-Authenticate" };
    for (const [exposed, status, questions] of [[header, 200, 1], [{}, 401, 0]] as const) {
      await age(3_000);
      site.reset();
      await using api = serveApi(exposed);
      const url = `http://127.0.0.1:${api.addr.port}/things`;
      const answer = `session.fetch(${JSON.stringify(url)}).then(({ status }) => status)`;
      assert.equal(await tab.evaluate(answer), status);
      assert.equal(site.count(), questions);
    }
  }));
