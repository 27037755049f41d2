import assert from "node:assert/strict";
import { createAuthClient } from "../../../client/src/auth_client.ts";
import { createHarness } from "./client_harness.ts";

/** Runs `use` without these globals, as on a platform that has never had them. */
async function without(names: readonly string[], use: () => Promise<void>): Promise<void> {
  const before = names.map((name) =>
    [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
  );
  for (const name of names) Reflect.deleteProperty(globalThis, name);
  try {
    await use();
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor) Reflect.defineProperty(globalThis, name, descriptor);
    }
  }
}

Deno.test("React Native has no streams: calls go out all the same", () =>
  without(["ReadableStream", "BroadcastChannel", "reportError"], async () => {
    const harness = createHarness();
    const { session } = harness.openTab({
      environment: { locks: null, storage: null, openChannel: () => null },
    });
    await harness.advance(1_000);
    const response = await session.fetch("https://api.test/", { method: "POST", body: "x" });
    assert.equal(response.status, 200);
    session.dispose();
  }));

Deno.test("a program without a page may have a document for some library's sake", async () => {
  Reflect.defineProperty(globalThis, "document", { value: {}, configurable: true });
  try {
    const auth = createAuthClient({
      baseUrl: "https://example.test/",
      fetch: () => Promise.resolve(Response.json({ code: "session_revoked" }, { status: 401 })),
    });
    auth.start();
    assert.equal((await auth.ready()).status, "signed-out");
    auth.dispose();
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
});

Deno.test("the oldest browsers have no throwIfAborted and no reason of an abort", async () => {
  const { throwIfAborted } = AbortSignal.prototype;
  const reason = Object.getOwnPropertyDescriptor(AbortSignal.prototype, "reason");
  assert.ok(reason);
  Reflect.deleteProperty(AbortSignal.prototype, "throwIfAborted");
  Reflect.deleteProperty(AbortSignal.prototype, "reason");
  try {
    const harness = createHarness();
    const tab = harness.openTab();
    await harness.advance(0);
    assert.equal((await tab.session.fetch("https://api.test/")).status, 200);
    assert.equal(
      await tab.session.getAccessToken({ signal: new AbortController().signal }),
      "token-1",
    );

    await harness.sleep(2 * 3_600_000);
    harness.server.latencyMs = 60_000;
    const abort = new AbortController();
    const given = assert.rejects(tab.session.fetch("https://api.test/", { signal: abort.signal }), {
      name: "AbortError",
    });
    const late = assert.rejects(tab.session.fetch("https://api.test/", { timeoutMs: 1_000 }), {
      name: "SessionUnavailableError",
    });
    const token = assert.rejects(tab.session.getAccessToken({ signal: abort.signal }), {
      name: "AbortError",
    });
    await harness.advance(10);
    abort.abort();
    await harness.advance(5_000);
    await Promise.all([given, late, token]);
    tab.session.dispose();
    await harness.advance(120_000);
  } finally {
    Object.defineProperty(AbortSignal.prototype, "throwIfAborted", {
      value: throwIfAborted,
      configurable: true,
      writable: true,
    });
    Object.defineProperty(AbortSignal.prototype, "reason", reason);
  }
});

Deno.test("a program with its own cookie jar signs in, asks and ends: no timer keeps it alive", async () => {
  const jar = new Map<string, string>();
  const view = {
    valid: true,
    refreshed: false,
    user: { id: "ada", email: "ada@example.com" },
    session: {
      id: "s",
      generation: 1,
      access_token_expires_in: 3600,
      refresh_token_expires_in: 2_592_000,
    },
  };
  const timers = new Set<unknown>();
  const auth = createAuthClient({
    baseUrl: "https://example.test/functions/v1/unified-auth",
    fetch(input, init) {
      const request = new Request(input, init);
      if (request.url.endsWith("/login")) jar.set("session", "1");
      return Promise.resolve(
        jar.has("session")
          ? Response.json(view)
          : Response.json({ code: "refresh_token_missing" }, { status: 401 }),
      );
    },
    unstable_environment: {
      setTimer(fire, delayMs) {
        const timer = setTimeout(fire, delayMs);
        timers.add(timer);
        return () => {
          timers.delete(timer);
          clearTimeout(timer);
        };
      },
    },
  });
  assert.equal((await auth.ready()).status, "signed-out");
  const outcome = await auth.signIn.withPassword({ email: "ada@example.com", password: "p" });
  assert.equal(outcome.kind, "signed-in");
  assert.equal(auth.user?.email, "ada@example.com");
  assert.equal(timers.size, 0);
});
