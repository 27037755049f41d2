import assert from "node:assert/strict";
import type { InitialSession } from "../../../client/src/index.ts";
import { ADA, createHarness, type User } from "./client_harness.ts";

Deno.test("a cold start asks the server, whatever is known here", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  assert.equal(tab.session.getSnapshot().status, "restoring");
  await harness.advance(0);
  assert.deepEqual(harness.server.calls, ["validate"]);
  const { status, user, canMutate, sessionVerified, generation } = tab.session.getSnapshot();
  assert.deepEqual({ status, user, canMutate, sessionVerified, generation }, {
    status: "active",
    user: ADA,
    canMutate: true,
    sessionVerified: true,
    generation: 1,
  });
  tab.session.dispose();
  assert.equal(harness.timers(), 0);
});

Deno.test("a known user is shown before the server answers, and may not write yet", async () => {
  const harness = createHarness();
  const first = harness.openTab();
  await harness.advance(0);
  first.session.dispose();
  const next = harness.openTab();
  const { status, user, canMutate } = next.session.getSnapshot();
  assert.deepEqual({ status, user, canMutate }, {
    status: "restoring",
    user: ADA,
    canMutate: false,
  });
  await harness.advance(0);
  assert.deepEqual(harness.server.calls, ["validate", "validate"]);
  next.session.dispose();
});

Deno.test("a hint older than twelve hours is not shown, and the request is sent all the same", async () => {
  const harness = createHarness();
  const first = harness.openTab();
  await harness.advance(0);
  first.session.dispose();
  await harness.sleep(12 * 3_600_000);
  const next = harness.openTab();
  assert.equal(next.session.getSnapshot().user, null);
  await harness.advance(0);
  assert.equal(next.session.getSnapshot().status, "active");
  next.session.dispose();
});

Deno.test("start and dispose may be repeated, and StrictMode's double start asks once", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  tab.session.start();
  tab.session.dispose();
  tab.session.dispose();
  tab.session.start();
  await harness.advance(0);
  assert.deepEqual(harness.server.calls, ["validate"]);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
  assert.equal(harness.timers(), 0);
});

/** ada's session as a server knew it when it rendered the page. */
const RENDERED: InitialSession<User> = {
  status: "active",
  user: ADA,
  sessionId: "session-1",
  serverTime: null,
};

Deno.test("a server's session is the first paint; the browser verifies it before anything is written", async () => {
  const harness = createHarness();
  const tab = harness.openTab({ initial: RENDERED }, false);
  const { status, user, canMutate } = tab.session.getSnapshot();
  assert.deepEqual({ status, user, canMutate }, { status: "active", user: ADA, canMutate: false });
  assert.equal(tab.session.getServerSnapshot(), tab.session.getSnapshot());
  assert.equal(harness.storage.size, 0);
  tab.session.start();
  const sent = tab.session.fetch("https://api.test/");
  assert.equal(tab.sent.length, 0);
  await harness.advance(0);
  assert.equal((await sent).status, 200);
  assert.equal(tab.session.getSnapshot().canMutate, true);
  assert.deepEqual(harness.server.calls, ["validate"]);
  tab.session.dispose();
});

Deno.test("each of a server's answers has its first paint, and the browser's own answer replaces it", async () => {
  const paints: Readonly<Record<InitialSession<User>["status"], unknown>> = {
    "active": ["active", ADA],
    "grace": ["restoring", ADA],
    "stale": ["restoring", null],
    "signed-out": ["signed-out", null],
    "unavailable": ["restoring", null],
  };
  for (const status of ["active", "grace", "stale", "signed-out", "unavailable"] as const) {
    const harness = createHarness();
    const user = status === "active" || status === "grace" ? ADA : null;
    const tab = harness.openTab({ initial: { ...RENDERED, status, user } });
    const painted = tab.session.getSnapshot();
    assert.deepEqual([painted.status, painted.user], paints[status]);
    await harness.advance(0);
    assert.equal(tab.session.getSnapshot().status, "active");
    tab.session.dispose();
  }
});

Deno.test("a page out of a cache shows no session that this browser knows to have ended", async () => {
  const harness = createHarness();
  const first = harness.openTab();
  await harness.advance(0);
  await first.session.signOut();
  harness.server.script = () => ({ kind: "rejected", reason: "no-session" });
  const back = harness.openTab({ initial: RENDERED });
  assert.equal(back.session.getSnapshot().user, null);
  await harness.advance(0);
  assert.equal(back.session.getSnapshot().status, "signed-out");
  back.session.dispose();
  first.session.dispose();
});

Deno.test("a page that was rendered for nobody signs nobody out whom this browser knows", async () => {
  const nobody: InitialSession<User> = {
    status: "signed-out",
    user: null,
    sessionId: null,
    serverTime: null,
  };
  const harness = createHarness();
  const first = harness.openTab();
  await harness.advance(0);
  first.session.dispose();
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  const tabs = [harness.openTab({ initial: nobody }), harness.openTab()];
  tabs[1]?.session.hydrate(nobody);
  const calls = tabs.map(({ session }) => session.fetch("https://api.test/"));
  await harness.advance(100);
  for (const { session } of tabs) assert.match(session.status, /restoring|degraded/);
  harness.server.script = undefined;
  await harness.advance(10_000);
  for (const call of calls) assert.equal((await call).status, 200);
  for (const { session } of tabs) session.dispose();
});

Deno.test("a server that cannot be reached leaves the rendered session unverified", async () => {
  const harness = createHarness();
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  const tab = harness.openTab({ initial: RENDERED });
  await harness.advance(100);
  const { status, user } = tab.session.getSnapshot();
  assert.deepEqual([status, user], ["degraded", ADA]);
  tab.session.dispose();
});

Deno.test("ready() answers the first answer of the server, and asks nothing again", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 100;
  const tab = harness.openTab();
  let answered: string | undefined;
  const ready = tab.session.ready().then(({ status }) => answered = status);
  await harness.advance(50);
  assert.equal(answered, undefined);
  await harness.advance(100);
  await ready;
  assert.equal(answered, "active");
  for (let n = 0; n < 10; n++) await tab.session.ready();
  assert.deepEqual(harness.server.calls, ["validate"]);
  tab.session.dispose();
});

Deno.test("ready() waits for nobody while the server cannot be reached", async () => {
  const harness = createHarness();
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  const tab = harness.openTab();
  await harness.advance(0);
  assert.equal((await tab.session.ready()).status, "restoring");
  tab.session.dispose();
});

Deno.test("where nothing starts it, the first call asks, and no timer is left", async () => {
  for (const use of ["ready", "fetch", "getAccessToken"] as const) {
    const harness = createHarness();
    harness.server.latencyMs = 10;
    const tab = harness.openTab({}, false);
    await Promise.all([tab.session[use]("https://api.test/" as never), harness.advance(20)]);
    assert.equal(tab.session.status, "active", use);
    assert.deepEqual(harness.server.calls, ["validate"]);
    assert.equal(harness.timers(), 0);
  }
});

Deno.test("a Svelte store: a subscriber is called at once and after each change, until it stops", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  const seen: string[] = [];
  const stop = tab.session.subscribe(({ status }) => void seen.push(status));
  assert.deepEqual(seen, ["restoring"]);
  await harness.advance(0);
  assert.equal(seen.at(-1), "active");
  stop();
  const before = seen.length;
  await tab.session.signOut();
  assert.equal(seen.length, before);
  tab.session.dispose();
});

Deno.test("without a hint, an outage at the start is never taken for signed out", async () => {
  const harness = createHarness();
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  const tab = harness.openTab();
  await harness.advance(30_000);
  assert.equal(tab.session.getSnapshot().status, "restoring");
  assert.ok(tab.session.getSnapshot().failures > 2);
  harness.server.script = undefined;
  await harness.advance(300_000);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
});

Deno.test("with a hint, an outage at the start is degraded until the server answers", async () => {
  const harness = createHarness();
  const first = harness.openTab();
  await harness.advance(0);
  first.session.dispose();
  harness.server.script = () => ({ kind: "busy" });
  const tab = harness.openTab();
  await harness.advance(100);
  const { status, user, canMutate } = tab.session.getSnapshot();
  assert.deepEqual({ status, user, canMutate }, {
    status: "degraded",
    user: ADA,
    canMutate: false,
  });
  harness.server.script = undefined;
  await harness.advance(300_000);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
});

Deno.test("a refusal without a hint is signed out, with a hint it is expired and the user stays", async () => {
  const harness = createHarness();
  const first = harness.openTab();
  await harness.advance(0);
  first.session.dispose();
  harness.server.script = () => ({ kind: "rejected", reason: "revoked" });
  const known = harness.openTab();
  await harness.advance(0);
  assert.deepEqual(
    [known.session.getSnapshot().status, known.session.getSnapshot().user],
    ["ended", ADA],
  );
  assert.equal(known.session.getSnapshot().reason, "revoked");
  known.session.dispose();
  const unknown = harness.openTab();
  await harness.advance(0);
  assert.equal(unknown.session.getSnapshot().status, "signed-out");
  unknown.session.dispose();
});
