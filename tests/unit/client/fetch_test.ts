import assert from "node:assert/strict";
import { openApiTab, unauthorized, URL_ } from "./api_tab.ts";
import { createHarness } from "./client_harness.ts";

Deno.test("a call goes straight out while the session stands", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  assert.equal(await (await tab.session.fetch(URL_)).text(), "ok");
  assert.deepEqual(harness.server.calls, ["validate"]);
  tab.session.dispose();
});

Deno.test("calls wait for the first answer, in the order in which they came", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 100;
  const tab = harness.openTab();
  const answers = Promise.all([1, 2, 3].map((n) => tab.session.fetch(`${URL_}/${n}`)));
  await harness.advance(50);
  assert.equal(tab.sent.length, 0);
  await harness.advance(100);
  await answers;
  assert.deepEqual(tab.sent.map(({ url }) => url), [1, 2, 3].map((n) => `${URL_}/${n}`));
  tab.session.dispose();
});

Deno.test("three calls refused at once and a late one cost one refresh, and all four succeed", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  harness.server.generation = 2; // The API has stopped to take token-1.
  harness.server.latencyMs = 50;
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
  await harness.advance(1000);
  assert.deepEqual((await prompt).map(({ status }) => status), [200, 200, 200]);
  const before = harness.server.calls.length;
  release?.();
  await harness.advance(1000);
  assert.equal((await late).status, 200);
  assert.equal(harness.server.calls.length, before);
  assert.equal(before, 2);
  tab.session.dispose();
});

Deno.test("a call is sent again once, with its body, and not a second time", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
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

Deno.test("streams, and calls that say so, are not repeated", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  tab.respond = () => unauthorized();
  const stream = new Blob(["body"]).stream();
  await tab.session.fetch(URL_, { method: "POST", body: stream, duplex: "half" } as RequestInit);
  await tab.session.fetch(URL_, { replay: false });
  assert.equal(tab.sent.length, 2);
  await tab.sent[0]?.body?.cancel();
  tab.session.dispose();
});

Deno.test("an app's own 401 comes back untouched, and sends no request", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  for (const response of [unauthorized("not_the_owner"), new Response("<html>", { status: 401 })]) {
    tab.respond = () => response;
    const answer = await tab.session.fetch(URL_);
    assert.equal(answer, response);
    assert.ok((await answer.text()).length > 0);
  }
  assert.equal(tab.sent.length, 2);
  assert.deepEqual(harness.server.calls, ["validate"]);
  tab.session.dispose();
});

Deno.test("a network error is the caller's, and nothing is sent again", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  tab.respond = () => Promise.reject(new TypeError("Failed to fetch"));
  await assert.rejects(tab.session.fetch(URL_, { method: "POST" }), /Failed to fetch/);
  assert.equal(tab.sent.length, 1);
  tab.session.dispose();
});

Deno.test("the server's refusal turns waiting calls away, but those that wait for a sign-in go out after it", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  harness.server.script = () => ({ kind: "rejected", reason: "expired" });
  await tab.session.check();
  await assert.rejects(tab.session.fetch(URL_), { name: "SessionEndedError", reason: "expired" });
  const waiting = tab.session.fetch(URL_, {
    method: "PUT",
    body: "x",
    as: "user-after-sign-in",
  });
  await harness.advance(600_000);
  assert.equal(tab.sent.length, 0);
  harness.server.script = undefined;
  Object.assign(harness.server, { sessionId: "session-2", issuedAt: harness.now() });
  await tab.session.signIn(() => Promise.resolve(harness.server.valid(false)));
  assert.equal((await waiting).status, 200);
  tab.session.dispose();
});

Deno.test("signing out turns every waiting call away", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  harness.server.script = () => ({ kind: "rejected", reason: "expired" });
  await tab.session.check();
  harness.server.script = undefined;
  const waiting = assert.rejects(
    tab.session.fetch(URL_, { as: "user-after-sign-in" }),
    { name: "SessionEndedError" },
  );
  await tab.session.signOut();
  await waiting;
  tab.session.dispose();
});

Deno.test("the caller's signal takes a call out of the queue at once", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 10_000;
  const tab = harness.openTab();
  const abort = new AbortController();
  const waiting = assert.rejects(tab.session.fetch(URL_, { signal: abort.signal }), {
    name: "AbortError",
  });
  const token = assert.rejects(tab.session.getAccessToken({ signal: abort.signal }), {
    name: "AbortError",
  });
  await harness.advance(100);
  abort.abort();
  await Promise.all([waiting, token]);
  tab.session.dispose();
  await harness.advance(20_000);
});

Deno.test("more calls than queueMax are turned away at once", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 100;
  const tab = harness.openTab({ queueMax: 2 });
  const two = [tab.session.fetch(URL_), tab.session.fetch(URL_)];
  await assert.rejects(tab.session.fetch(URL_), { name: "SessionBusyError" });
  await harness.advance(200);
  assert.deepEqual((await Promise.all(two)).map(({ status }) => status), [200, 200]);
  tab.session.dispose();
});
