import assert from "node:assert/strict";
import { createSession } from "../../../client/src/session/create_session.ts";
import { createAuthClient } from "../../../client/src/auth_client.ts";
import { DEFAULTS, type SessionOptions } from "../../../client/src/session/options.ts";
import { createReadCache } from "../../../client/src/cache.ts";
import { createHarness, type User } from "./client_harness.ts";

Deno.test("a session without a transport is a TypeError", () => {
  for (const options of [undefined, {}, { transport: {} }]) {
    assert.throws(() => createSession(options as unknown as SessionOptions<User>), TypeError);
  }
});

Deno.test("every number of the options is refused when negative, not finite or too large", () => {
  const harness = createHarness();
  for (const name of Object.keys(DEFAULTS)) {
    for (const value of [-1, NaN, Infinity, 2 ** 31]) {
      assert.throws(
        () => harness.openTab({ [name]: value }, false),
        RangeError,
        `${name} ${value}`,
      );
    }
  }
  assert.throws(() => harness.openTab({ heartbeatMs: 0 }, false), RangeError);
});

Deno.test("a client without a usable URL is a TypeError", () => {
  for (const baseUrl of [undefined, "", "not a url", "ftp://example.com"]) {
    assert.throws(() => createAuthClient({ baseUrl } as { baseUrl: string }), TypeError);
  }
});

Deno.test("a disposed session refuses to be used, and its waiting calls are turned away", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 1000;
  const { session } = harness.openTab();
  const waiting = assert.rejects(session.fetch("https://api.test/"), TypeError);
  await harness.advance(0);
  session.dispose();
  await waiting;
  await assert.rejects(session.fetch("https://api.test/"), TypeError);
  await assert.rejects(session.getAccessToken(), TypeError);
  await assert.rejects(session.signOut(), TypeError);
  await assert.rejects(session.signIn(() => Promise.reject(new Error("not called"))), TypeError);
  await harness.advance(1000);
  assert.equal(harness.timers(), 0);
});

Deno.test("a bad deadline, a bad token life and a bad cache size are RangeErrors", async () => {
  const harness = createHarness();
  const { session } = harness.openTab();
  for (const timeoutMs of [-1, 0, NaN, 2 ** 31]) {
    await assert.rejects(
      session.fetch("https://api.test/", { timeoutMs }),
      RangeError,
    );
  }
  for (const minTtlMs of [-1, NaN, Infinity]) {
    await assert.rejects(session.getAccessToken({ minTtlMs }), RangeError);
  }
  assert.throws(() => createReadCache(session, { maxEntries: 0 }), RangeError);
  session.dispose();
  await harness.advance(0);
});
