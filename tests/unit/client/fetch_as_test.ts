import assert from "node:assert/strict";
import { openApiTab, URL_ } from "./api_tab.ts";
import { createWorld, GRACE } from "./world.ts";

Deno.test("a call for anyone waits in doubt, and then goes out for a guest or a member", async () => {
  for (const isMember of [true, false]) {
    const world = createWorld();
    world.server.latencyMs = 100;
    if (!isMember) world.server.script = () => ({ kind: "rejected", reason: "no-session" });
    const tab = world.openTab({
      authorize(request, { accessToken }) {
        if (accessToken) request.headers.set("authorization", accessToken);
        return request;
      },
    });
    const response = tab.session.fetch(URL_, { as: "anyone" });
    await world.advance(50);
    assert.equal(tab.sent.length, 0, "nobody knows yet whose call it is");
    await world.advance(100);
    assert.equal((await response).status, 200);
    assert.equal(tab.sent[0]?.headers.get("authorization"), isMember ? "token-1" : null);
    tab.session.dispose();
  }
});

Deno.test("a call for anyone goes out as a guest after the session has ended, one for the user does not", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  world.server.script = () => ({ kind: "rejected", reason: "revoked" });
  await tab.session.check();
  tab.respond = () => new Response("for guests");
  const response = await tab.session.fetch(URL_, { as: "anyone" });
  assert.equal(await response.text(), "for guests");
  await assert.rejects(tab.session.fetch(URL_), { name: "SessionEndedError" });
  tab.session.dispose();
});

Deno.test("a call for anyone goes out as nobody for nobody who may be signed in", async () => {
  const world = createWorld();
  world.server.script = () => ({ kind: "unavailable", cause: "network" });
  const tab = world.openTab();
  const call = assert.rejects(tab.session.fetch(URL_, { as: "anyone", timeoutMs: 3_000 }), {
    name: "SessionUnavailableError",
  });
  await world.advance(4_000);
  await call;
  assert.equal(tab.sent.length, 0);
  tab.session.dispose();
});

Deno.test("an unchecked call goes out at once", async () => {
  const world = createWorld();
  world.server.latencyMs = 100;
  const tab = world.openTab();
  assert.equal((await tab.session.fetch(URL_, { as: "unchecked" })).status, 200);
  tab.session.dispose();
});

Deno.test("a slow answer for one person is never delivered to the next", async () => {
  const world = createWorld();
  const tab = world.openTab();
  const other = world.openTab();
  await world.advance(0);
  const slow = Promise.withResolvers<Response>();
  tab.respond = () => slow.promise;
  const adas = assert.rejects(tab.session.fetch(URL_), { name: "SessionEndedError" });
  await world.advance(10);
  world.server.user = GRACE;
  world.server.sessionId = "session-2";
  await other.session.signIn(() => Promise.resolve(world.server.valid(false)));
  await world.advance(10);
  assert.equal(tab.session.user?.id, GRACE.id);
  slow.resolve(new Response("ada's secret"));
  await adas;
  for (const { session } of [tab, other]) session.dispose();
});
