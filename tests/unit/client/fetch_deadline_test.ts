import assert from "node:assert/strict";
import { openApiTab, unauthorized, URL_ } from "./api_tab.ts";
import { createHarness } from "./client_harness.ts";

Deno.test("a call that waits in vain rejects at its deadline with the cause", async () => {
  const harness = createHarness();
  harness.server.script = () => ({ kind: "busy", retryAfterMs: 600_000 });
  const tab = harness.openTab();
  const waiting = tab.session.fetch(URL_).catch((error: unknown) => error);
  await harness.advance(14_900);
  const impatient = tab.session.fetch(URL_, { timeoutMs: 50 }).catch((
    error: unknown,
  ) => error);
  await harness.advance(200);
  for (const error of [await waiting, await impatient]) {
    assert.ok(error instanceof Error);
    assert.equal(error.name, "SessionUnavailableError");
    assert.deepEqual(error.cause, { kind: "busy", retryAfterMs: 600_000 });
  }
  assert.equal(tab.sent.length, 0);
  tab.session.dispose();
});

Deno.test("a refused call whose refresh hangs ends at its deadline, or when its caller gives up", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  harness.server.generation = 2; // The API has stopped to take token-1.
  harness.server.script = () => new Promise(() => {});
  const abort = new AbortController();
  const given = assert.rejects(tab.session.fetch(URL_, { signal: abort.signal }), {
    name: "AbortError",
  });
  const overdue = assert.rejects(tab.session.fetch(URL_, { timeoutMs: 5_000 }), {
    name: "SessionUnavailableError",
  });
  await harness.advance(1_000);
  abort.abort();
  await given;
  await harness.advance(4_000);
  await overdue;
  await harness.advance(15_000);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
});

Deno.test("a refusal whose body stalls is the caller's after the deadline, as it came", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  const stalled = new ReadableStream<Uint8Array>({
    start: (body) => body.enqueue(new TextEncoder().encode('{"code":')),
  });
  tab.respond = () => new Response(stalled, { status: 401 });
  const call = tab.session.fetch(URL_, { timeoutMs: 3_000 });
  await harness.advance(3_000);
  const response = await call;
  assert.equal(response.status, 401);
  assert.equal(tab.sent.length, 1);
  tab.session.dispose();
});

Deno.test("a call waits for its access token no longer than for anything else", async () => {
  const harness = createHarness();
  const [other, tab] = [await openApiTab(harness), await openApiTab(harness)];
  await harness.advance(2_000);
  await other.session.refresh(); // The answer is this tab's too, but not the token.
  await harness.advance(2_000);
  harness.server.script = () => new Promise(() => {});
  const call = assert.rejects(tab.session.fetch(URL_, { timeoutMs: 3_000 }), {
    name: "SessionUnavailableError",
  });
  const before = harness.now();
  const over = call.then(() => harness.now() - before);
  await harness.advance(60_000);
  assert.equal(await over, 3_000);
  assert.equal(tab.sent.length, 0);
  other.session.dispose();
  tab.session.dispose();
});

Deno.test("a call has one deadline for all that it waits for, and none while it is out", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 2_000;
  const tab = harness.openTab();
  tab.respond = async () => {
    await new Promise<void>((resolve) => void (release = resolve));
    return unauthorized();
  };
  let release: (() => void) | undefined;
  const call = assert.rejects(tab.session.fetch(URL_, { timeoutMs: 3_000 }), {
    name: "SessionUnavailableError",
  });
  let hasEnded = false;
  void call.then(() => hasEnded = true);
  await harness.advance(60_000);
  assert.equal(tab.sent.length, 1);
  assert.equal(hasEnded, false);
  harness.server.script = () => new Promise(() => {});
  release?.();
  await harness.advance(900);
  assert.equal(hasEnded, false);
  await harness.advance(200);
  assert.equal(hasEnded, true, "2 s for the first answer and 1 s after the refusal");
  await call;
  await harness.advance(20_000);
  tab.session.dispose();
});

Deno.test("the time until a person signs in is not a call's", async () => {
  const harness = createHarness();
  const tab = await openApiTab(harness);
  harness.server.script = () => ({ kind: "rejected", reason: "expired" });
  await tab.session.check();
  const waiting = tab.session.fetch(URL_, { as: "user-after-sign-in" });
  await harness.advance(14_900);
  harness.server.script = undefined;
  Object.assign(harness.server, { sessionId: "session-2", issuedAt: harness.now() });
  await tab.session.signIn(() => Promise.resolve(harness.server.valid(false)));
  harness.server.generation = 2; // The API does not take the token of the sign-in.
  harness.server.latencyMs = 2_000;
  await harness.advance(5_000);
  assert.equal((await waiting).status, 200);
  tab.session.dispose();
});
