import assert from "node:assert/strict";
import { openApiTab, URL_ } from "./api_tab.ts";
import { createHarness } from "./client_harness.ts";

Deno.test("a refusal in the very millisecond in which another token comes sends no request", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  harness.server.generation = 2; // The API has stopped to take token-1.
  const answer = Promise.withResolvers<void>();
  harness.server.script = async () => {
    await answer.promise;
    return harness.server.valid(false);
  };
  const refusal = Promise.withResolvers<void>();
  const { respond } = tab;
  tab.respond = async (request) => {
    const response = await respond(request);
    if (request.url.endsWith("late")) await refusal.promise;
    return response;
  };
  const late = tab.session.fetch(`${URL_}/late`);
  const prompt = tab.session.fetch(URL_);
  await harness.advance(25);
  refusal.resolve();
  await harness.advance(0);
  answer.resolve(); // no time has passed: the new token is no younger than the request for it
  await harness.advance(1000);
  assert.deepEqual([(await late).status, (await prompt).status], [200, 200]);
  assert.deepEqual(harness.server.calls, ["validate", "validate"]);
  tab.session.dispose();
});

Deno.test("hooks of onRefreshed are done before a waiting call goes out, and a hanging one holds it for 2 s", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  const order: string[] = [];
  tab.session.onRefreshed(async () => {
    await Promise.resolve();
    order.push("hook");
  });
  tab.session.onRefreshed(() => {
    throw new Error("bad hook");
  });
  tab.respond = () => {
    order.push("call");
    return new Response("ok");
  };
  void tab.session.fetch(URL_);
  await harness.advance(0);
  assert.deepEqual(order, ["hook", "call"]);
  assert.match(String(tab.errors), /bad hook/);

  tab.session.onRefreshed(() => new Promise(() => {}));
  void tab.session.refresh();
  await harness.advance(0);
  const held = tab.session.fetch(URL_);
  await harness.advance(1900);
  assert.equal(order.filter((what) => what === "call").length, 1);
  await harness.advance(200);
  assert.equal((await held).status, 200);
  tab.session.dispose();
});

Deno.test("a call that still works waits for a slow refresh no longer than a second", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  tab.respond = () => new Response("ok");
  harness.server.latencyMs = 10_000;
  void tab.session.refresh();
  await harness.advance(10);
  const call = tab.session.fetch(URL_);
  await harness.advance(900);
  assert.equal(tab.sent.length, 0);
  await harness.advance(200);
  assert.equal((await call).status, 200);
  await harness.advance(20_000);
  tab.session.dispose();
});

Deno.test("an outage never makes an access token null: it rejects, and null means signed out", async () => {
  const harness = createHarness();
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  const tab = harness.openTab();
  await harness.advance(100);
  await assert.rejects(tab.session.getAccessToken(), { name: "SessionUnavailableError" });
  harness.server.script = () => ({ kind: "rejected", reason: "no-session" });
  await harness.advance(60_000);
  assert.equal(await tab.session.getAccessToken(), null);
  tab.session.dispose();
});
