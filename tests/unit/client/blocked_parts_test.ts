import assert from "node:assert/strict";
import { browserEnvironment, type SessionEnvironment } from "../../../client/src/environment.ts";
import { createHarness } from "./client_harness.ts";

const refuse = (): never => {
  throw new DOMException("The operation is insecure.", "SecurityError");
};

/** Parts of a browser that a person or an institution can block, each thrown when made and when used. */
const BLOCKED: Readonly<Record<string, Partial<SessionEnvironment>>> = {
  "a channel that cannot be opened": { openChannel: refuse },
  "a channel that throws when it is used": {
    openChannel: () => ({ onmessage: null, postMessage: refuse, close: refuse }),
  },
  "a channel that cannot be listened to": {
    openChannel: () =>
      Object.defineProperty({ postMessage() {}, close() {} }, "onmessage", {
        set: refuse,
      }) as never,
  },
  "locks that throw": { locks: { request: refuse } as never },
  "locks that refuse": {
    locks: { request: () => Promise.reject(new DOMException("", "SecurityError")) } as never,
  },
  "a storage that throws": { storage: { getItem: refuse, setItem: refuse } },
  "a storage that is full": { storage: { getItem: () => null, setItem: refuse } },
  "no channel, no locks, no storage": { openChannel: () => null, locks: null, storage: null },
};

for (const [name, environment] of Object.entries(BLOCKED)) {
  Deno.test(`with ${name} a session starts, refreshes, sends, signs out and in`, async () => {
    const harness = createHarness();
    const tab = harness.openTab({ environment });
    await harness.advance(1_000);
    assert.equal(tab.session.status, "active");
    await Promise.all([tab.session.refresh(), harness.advance(1_000)]);
    assert.equal(tab.session.getSnapshot().generation, 2);
    assert.equal((await tab.session.fetch("https://api.test/")).status, 200);
    await Promise.all([tab.session.signOut(), harness.advance(1_000)]);
    assert.equal(tab.session.status, "signed-out");
    const signedIn = tab.session.signIn(() => Promise.resolve(harness.server.valid(false)));
    await harness.advance(1_000);
    assert.equal((await signedIn).kind, "valid");
    assert.equal(tab.session.status, "active");
    tab.freeze();
    tab.thaw();
    tab.session.dispose();
    assert.deepEqual(tab.errors, []);
    assert.equal(harness.timers(), 0);
  });
}

Deno.test("locks that never answer hold up no request for longer than another tab would", async () => {
  for (const isHidden of [false, true]) {
    const harness = createHarness();
    const tab = harness.openTab({
      environment: { locks: { request: () => new Promise(() => {}) } },
    });
    await harness.advance(5_000);
    assert.equal(tab.session.status, "active");
    tab.document.hidden = isHidden;
    await harness.advance(3_600_000);
    assert.deepEqual([tab.session.status, tab.session.getSnapshot().generation], ["active", 2]);
    const signedIn = tab.session.signIn(() => Promise.resolve(harness.server.valid(false)));
    await harness.advance(5_000);
    assert.equal((await signedIn).kind, "valid");
    tab.session.dispose();
  }
});

Deno.test("a browser that throws at each of its parts is one without them", () => {
  const parts: Readonly<Record<string, PropertyDescriptor>> = {
    document: { value: Object.assign(new EventTarget(), { hidden: false }) },
    localStorage: { get: refuse },
    BroadcastChannel: { value: refuse },
    navigator: { value: Object.defineProperty({}, "locks", { get: refuse }) },
  };
  const before = Object.keys(parts).map((name) =>
    [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
  );
  for (const [name, part] of Object.entries(parts)) {
    Reflect.defineProperty(globalThis, name, { ...part, configurable: true });
  }
  try {
    const { storage, locks, openChannel, document } = browserEnvironment();
    assert.ok(document);
    assert.deepEqual([storage, locks, openChannel("any")], [null, null, null]);
  } finally {
    for (const [name, part] of before) {
      if (part) Reflect.defineProperty(globalThis, name, part);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
});
