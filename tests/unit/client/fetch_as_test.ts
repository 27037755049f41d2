import assert from "node:assert/strict";
import { openApiTab, URL_ } from "./api_tab.ts";
import { createHarness, GRACE } from "./client_harness.ts";

Deno.test("a call for anyone waits while the session is verified, and then goes out for a guest or a member", async () => {
  for (const isMember of [true, false]) {
    const harness = createHarness();
    harness.server.latencyMs = 100;
    if (!isMember) harness.server.script = () => ({ kind: "rejected", reason: "no-session" });
    const tab = harness.openTab({
      authorize(request, { accessToken }) {
        if (accessToken) request.headers.set("authorization", accessToken);
        return request;
      },
    });
    const response = tab.session.fetch(URL_, { as: "anyone" });
    await harness.advance(50);
    assert.equal(tab.sent.length, 0, "nobody knows yet whose call it is");
    await harness.advance(100);
    assert.equal((await response).status, 200);
    assert.equal(tab.sent[0]?.headers.get("authorization"), isMember ? "token-1" : null);
    tab.session.dispose();
  }
});

Deno.test("a call for anyone goes out as a guest after the session has ended, one for the user does not", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  harness.server.script = () => ({ kind: "rejected", reason: "revoked" });
  await tab.session.check();
  tab.respond = () => new Response("for guests");
  const response = await tab.session.fetch(URL_, { as: "anyone" });
  assert.equal(await response.text(), "for guests");
  await assert.rejects(tab.session.fetch(URL_), { name: "SessionEndedError" });
  tab.session.dispose();
});

Deno.test("a call for anyone goes out as nobody for nobody who may be signed in", async () => {
  const harness = createHarness();
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  const tab = harness.openTab();
  const call = assert.rejects(tab.session.fetch(URL_, { as: "anyone", timeoutMs: 3_000 }), {
    name: "SessionUnavailableError",
  });
  await harness.advance(4_000);
  await call;
  assert.equal(tab.sent.length, 0);
  tab.session.dispose();
});

Deno.test("an unchecked call goes out at once", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 100;
  const tab = harness.openTab();
  assert.equal((await tab.session.fetch(URL_, { as: "unchecked" })).status, 200);
  tab.session.dispose();
});

Deno.test("a slow answer for one person is never delivered to the next", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  const other = harness.openTab();
  await harness.advance(0);
  const slow = Promise.withResolvers<Response>();
  tab.respond = () => slow.promise;
  const adas = assert.rejects(tab.session.fetch(URL_), { name: "SessionEndedError" });
  await harness.advance(10);
  harness.server.user = GRACE;
  harness.server.sessionId = "session-2";
  await other.session.signIn(() => Promise.resolve(harness.server.valid(false)));
  await harness.advance(10);
  assert.equal(tab.session.user?.id, GRACE.id);
  slow.resolve(new Response("ada's secret"));
  await adas;
  for (const { session } of [tab, other]) session.dispose();
});
