import assert from "node:assert/strict";
import { openApiTab, unauthorized, URL_ } from "./api_tab.ts";
import { createWorld } from "./world.ts";

Deno.test("a call goes straight out while the session stands", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  assert.equal(await (await tab.session.fetch(URL_)).text(), "ok");
  assert.deepEqual(world.server.calls, ["validate"]);
  tab.session.dispose();
});

Deno.test("calls wait for the first answer, in the order in which they came", async () => {
  const world = createWorld();
  world.server.latencyMs = 100;
  const tab = world.openTab();
  const answers = Promise.all([1, 2, 3].map((n) => tab.session.fetch(`${URL_}/${n}`)));
  await world.advance(50);
  assert.equal(tab.sent.length, 0);
  await world.advance(100);
  await answers;
  assert.deepEqual(tab.sent.map(({ url }) => url), [1, 2, 3].map((n) => `${URL_}/${n}`));
  tab.session.dispose();
});

Deno.test("three calls refused at once and a late one cost one refresh, and all four succeed", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  world.server.generation = 2; // The API has stopped to take token-1.
  world.server.latencyMs = 50;
  let release: (() => void) | undefined;
  const respond = tab.respond;
  tab.respond = async (request) => {
    const isLate = request.url.endsWith("late") && !release;
    if (isLate) await new Promise<void>((resolve) => release = resolve);
    return isLate ? unauthorized() : respond(request);
  };
  const late = tab.session.fetch(`${URL_}/late`);
  const prompt = Promise.all(
    [1, 2, 3].map(() => tab.session.fetch(URL_, { method: "POST", body: "x" })),
  );
  await world.advance(1000);
  assert.deepEqual((await prompt).map(({ status }) => status), [200, 200, 200]);
  const before = world.server.calls.length;
  release?.();
  await world.advance(1000);
  assert.equal((await late).status, 200);
  assert.equal(world.server.calls.length, before);
  assert.equal(before, 2);
  tab.session.dispose();
});

Deno.test("a call is sent again once, with its body, and not a second time", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  const bodies: string[] = [];
  tab.respond = async (request) => {
    bodies.push(await request.text());
    return unauthorized();
  };
  const answer = await tab.session.fetch(URL_, { method: "POST", body: "once" });
  assert.equal(answer.status, 401);
  assert.deepEqual(bodies, ["once", "once"]);
  tab.session.dispose();
});

Deno.test("what cannot be repeated is not: streams, and calls that say so", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  tab.respond = () => unauthorized();
  const stream = new Blob(["body"]).stream();
  await tab.session.fetch(URL_, { method: "POST", body: stream, duplex: "half" } as RequestInit);
  await tab.session.fetch(URL_, { replay: false });
  assert.equal(tab.sent.length, 2);
  await tab.sent[0]?.body?.cancel();
  tab.session.dispose();
});

Deno.test("an app's own 401 comes back untouched, and asks nobody", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  for (const response of [unauthorized("not_the_owner"), new Response("<html>", { status: 401 })]) {
    tab.respond = () => response;
    const answer = await tab.session.fetch(URL_);
    assert.equal(answer, response);
    assert.ok((await answer.text()).length > 0);
  }
  assert.equal(tab.sent.length, 2);
  assert.deepEqual(world.server.calls, ["validate"]);
  tab.session.dispose();
});

Deno.test("a network error is the caller's, and nothing is sent again", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  tab.respond = () => Promise.reject(new TypeError("Failed to fetch"));
  await assert.rejects(tab.session.fetch(URL_, { method: "POST" }), /Failed to fetch/);
  assert.equal(tab.sent.length, 1);
  tab.session.dispose();
});

Deno.test("a verdict turns waiting calls away, but those that wait for a sign-in go out after it", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  world.server.script = () => ({ kind: "rejected", reason: "expired" });
  await tab.session.check();
  await assert.rejects(tab.session.fetch(URL_), { name: "SessionEndedError", reason: "expired" });
  const patient = tab.session.fetch(URL_, {
    method: "PUT",
    body: "x",
    as: "user-after-sign-in",
  });
  await world.advance(600_000);
  assert.equal(tab.sent.length, 0);
  world.server.script = undefined;
  Object.assign(world.server, { sessionId: "session-2", issuedAt: world.now() });
  await tab.session.signIn(() => Promise.resolve(world.server.valid(false)));
  assert.equal((await patient).status, 200);
  tab.session.dispose();
});

Deno.test("signing out turns every waiting call away", async () => {
  const world = createWorld();
  const tab = await openApiTab(world);
  world.server.script = () => ({ kind: "rejected", reason: "expired" });
  await tab.session.check();
  world.server.script = undefined;
  const waiting = assert.rejects(
    tab.session.fetch(URL_, { as: "user-after-sign-in" }),
    { name: "SessionEndedError" },
  );
  await tab.session.signOut();
  await waiting;
  tab.session.dispose();
});

Deno.test("the caller's signal takes a call out of the queue at once", async () => {
  const world = createWorld();
  world.server.latencyMs = 10_000;
  const tab = world.openTab();
  const abort = new AbortController();
  const waiting = assert.rejects(tab.session.fetch(URL_, { signal: abort.signal }), {
    name: "AbortError",
  });
  const token = assert.rejects(tab.session.getAccessToken({ signal: abort.signal }), {
    name: "AbortError",
  });
  await world.advance(100);
  abort.abort();
  await Promise.all([waiting, token]);
  tab.session.dispose();
  await world.advance(20_000);
});

Deno.test("more calls than queueMax are turned away at once", async () => {
  const world = createWorld();
  world.server.latencyMs = 100;
  const tab = world.openTab({ queueMax: 2 });
  const two = [tab.session.fetch(URL_), tab.session.fetch(URL_)];
  await assert.rejects(tab.session.fetch(URL_), { name: "SessionBusyError" });
  await world.advance(200);
  assert.deepEqual((await Promise.all(two)).map(({ status }) => status), [200, 200]);
  tab.session.dispose();
});
