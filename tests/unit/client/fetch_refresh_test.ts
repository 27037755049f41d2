import assert from "node:assert/strict";
import { openApiTab, URL_ } from "./api_tab.ts";
import { createWorld } from "./world.ts";

Deno.test("a refusal in the very millisecond in which another token comes asks nobody", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  world.server.generation = 2; // The API has stopped to take token-1.
  const answer = Promise.withResolvers<void>();
  world.server.script = async () => {
    await answer.promise;
    return world.server.valid(false);
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
  await world.advance(25);
  refusal.resolve();
  await world.advance(0);
  answer.resolve(); // no time has passed: the new token is no younger than the wish for it
  await world.advance(1000);
  assert.deepEqual([(await late).status, (await prompt).status], [200, 200]);
  assert.deepEqual(world.server.calls, ["validate", "validate"]);
  tab.session.dispose();
});

Deno.test("hooks of onRefreshed are done before a waiting call goes out, and a hanging one holds it for 2 s", async () => {
  const world = createWorld();
  const tab = world.openTab();
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
  await world.advance(0);
  assert.deepEqual(order, ["hook", "call"]);
  assert.match(String(tab.errors), /bad hook/);

  tab.session.onRefreshed(() => new Promise(() => {}));
  void tab.session.refresh();
  await world.advance(0);
  const held = tab.session.fetch(URL_);
  await world.advance(1900);
  assert.equal(order.filter((what) => what === "call").length, 1);
  await world.advance(200);
  assert.equal((await held).status, 200);
  tab.session.dispose();
});

Deno.test("a call that still works waits for a slow refresh no longer than a second", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  tab.respond = () => new Response("ok");
  world.server.latencyMs = 10_000;
  void tab.session.refresh();
  await world.advance(10);
  const call = tab.session.fetch(URL_);
  await world.advance(900);
  assert.equal(tab.sent.length, 0);
  await world.advance(200);
  assert.equal((await call).status, 200);
  await world.advance(20_000);
  tab.session.dispose();
});

Deno.test("an outage never makes an access token null: it rejects, and null means signed out", async () => {
  const world = createWorld();
  world.server.script = () => ({ kind: "unavailable", cause: "network" });
  const tab = world.openTab();
  await world.advance(100);
  await assert.rejects(tab.session.getAccessToken(), { name: "SessionUnavailableError" });
  world.server.script = () => ({ kind: "rejected", reason: "no-session" });
  await world.advance(60_000);
  assert.equal(await tab.session.getAccessToken(), null);
  tab.session.dispose();
});
