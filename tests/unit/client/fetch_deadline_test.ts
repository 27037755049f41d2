import assert from "node:assert/strict";
import { openApiTab, unauthorized, URL_ } from "./api_tab.ts";
import { createWorld } from "./world.ts";

Deno.test("a call that waits in vain rejects at its deadline with the cause", async () => {
  const world = createWorld();
  world.server.script = () => ({ kind: "busy", retryAfterMs: 600_000 });
  const tab = world.openTab();
  const waiting = tab.session.fetch(URL_).catch((error: unknown) => error);
  await world.advance(14_900);
  const impatient = tab.session.fetch(URL_, { timeoutMs: 50 }).catch((
    error: unknown,
  ) => error);
  await world.advance(200);
  for (const error of [await waiting, await impatient]) {
    assert.ok(error instanceof Error);
    assert.equal(error.name, "SessionUnavailableError");
    assert.deepEqual(error.cause, { kind: "busy", retryAfterMs: 600_000 });
  }
  assert.equal(tab.sent.length, 0);
  tab.session.dispose();
});

Deno.test("a refused call whose refresh hangs is over at its deadline, or when its caller gives up", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  world.server.generation = 2; // The API has stopped to take token-1.
  world.server.script = () => new Promise(() => {});
  const abort = new AbortController();
  const given = assert.rejects(tab.session.fetch(URL_, { signal: abort.signal }), {
    name: "AbortError",
  });
  const overdue = assert.rejects(tab.session.fetch(URL_, { timeoutMs: 5_000 }), {
    name: "SessionUnavailableError",
  });
  await world.advance(1_000);
  abort.abort();
  await given;
  await world.advance(4_000);
  await overdue;
  await world.advance(15_000);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
});

Deno.test("a call waits for its access token no longer than for anything else", async () => {
  const world = createWorld();
  const [other, tab] = [await openApiTab(world), await openApiTab(world)];
  await world.advance(2_000);
  await other.session.refresh(); // The verdict is this tab's too, but not the token.
  await world.advance(2_000);
  world.server.script = () => new Promise(() => {});
  const call = assert.rejects(tab.session.fetch(URL_, { timeoutMs: 3_000 }), {
    name: "SessionUnavailableError",
  });
  const before = world.now();
  const over = call.then(() => world.now() - before);
  await world.advance(60_000);
  assert.equal(await over, 3_000);
  assert.equal(tab.sent.length, 0);
  other.session.dispose();
  tab.session.dispose();
});

Deno.test("a call has one deadline for all that it waits for, and none while it is out", async () => {
  const world = createWorld();
  world.server.latencyMs = 2_000;
  const tab = world.openTab();
  tab.respond = async () => {
    await new Promise<void>((resolve) => void (release = resolve));
    return unauthorized();
  };
  let release: (() => void) | undefined;
  const call = assert.rejects(tab.session.fetch(URL_, { timeoutMs: 3_000 }), {
    name: "SessionUnavailableError",
  });
  let isOver = false;
  void call.then(() => isOver = true);
  await world.advance(60_000);
  assert.equal(tab.sent.length, 1);
  assert.equal(isOver, false);
  world.server.script = () => new Promise(() => {});
  release?.();
  await world.advance(900);
  assert.equal(isOver, false);
  await world.advance(200);
  assert.equal(isOver, true, "2 s for the first answer and 1 s after the refusal");
  await call;
  await world.advance(20_000);
  tab.session.dispose();
});

Deno.test("the time until a person signs in is not a call's", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  world.server.script = () => ({ kind: "rejected", reason: "expired" });
  await tab.session.check();
  const patient = tab.session.fetch(URL_, { as: "user-after-sign-in" });
  await world.advance(14_900);
  world.server.script = undefined;
  Object.assign(world.server, { sessionId: "session-2", issuedAt: world.now() });
  await tab.session.signIn(() => Promise.resolve(world.server.valid(false)));
  world.server.generation = 2; // The API does not take the token of the sign-in.
  world.server.latencyMs = 2_000;
  await world.advance(5_000);
  assert.equal((await patient).status, 200);
  tab.session.dispose();
});
