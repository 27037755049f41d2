import assert from "node:assert/strict";
import { createWorld } from "./world.ts";

Deno.test("a visitor who never signed in is signed out at once, without a request", async () => {
  const world = createWorld();
  world.hasSessionCookie = false;
  const tab = world.openTab();
  assert.equal(tab.session.status, "signed-out");
  assert.equal((await tab.session.ready()).status, "signed-out");
  await world.advance(600_000);
  assert.deepEqual(world.server.calls, []);
  tab.session.dispose();
});

Deno.test("where the cookie cannot be read, the server is asked", async () => {
  const world = createWorld();
  world.hasSessionCookie = undefined;
  const tab = world.openTab();
  await world.advance(0);
  assert.deepEqual(world.server.calls, ["validate"]);
  assert.equal(tab.session.status, "active");
  tab.session.dispose();
});

Deno.test("a browser that lost only this cookie, or had none before it existed, is asked as ever", async () => {
  const world = createWorld();
  const before = world.openTab();
  await world.advance(0);
  before.session.dispose();
  world.hasSessionCookie = false;
  const tab = world.openTab();
  await world.advance(0);
  assert.equal(tab.session.status, "active");
  tab.session.dispose();
});

Deno.test("a sign-out that the server has not heard of is told to it, cookie or not", async () => {
  const world = createWorld();
  const before = world.openTab();
  await world.advance(0);
  world.server.script = () => ({ kind: "unavailable", cause: "network" });
  await before.session.signOut();
  before.session.dispose();
  world.hasSessionCookie = false;
  world.server.script = undefined;
  world.server.calls.length = 0;
  const tab = world.openTab();
  await world.advance(10_000);
  assert.equal(world.server.calls[0], "logout");
  tab.session.dispose();
});
