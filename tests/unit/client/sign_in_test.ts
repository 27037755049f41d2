import assert from "node:assert/strict";
import type { LoginOutcome } from "../../../client/src/transport/outcome.ts";
import { ADA, createHarness, GRACE, type Harness, type Tab, type User } from "./client_harness.ts";

const signIn = (harness: Harness, tab: Tab): Promise<LoginOutcome<User>> =>
  tab.session.signIn(() => Promise.resolve(harness.server.valid(false)));

async function signedOut(harness: Harness): Promise<Tab> {
  harness.server.script = () => ({ kind: "rejected", reason: "no-session" });
  const tab = harness.openTab();
  await harness.advance(0);
  return tab;
}

Deno.test("a jar that keeps nothing is noticed at the sign-in: refused, in words for the person", async () => {
  const harness = createHarness();
  harness.hasSessionCookie = undefined;
  const tab = await signedOut(harness);
  const outcome = await signIn(harness, tab);
  assert.ok(outcome.kind === "refused");
  assert.equal(outcome.code, "cookies-refused");
  assert.match(outcome.message, /cookies/);
  assert.equal(tab.session.status, "signed-out");
  assert.equal(tab.count("signed-in"), 0);
  tab.session.dispose();
});

Deno.test("whether cookies are kept is checked once, and not where the readable cookie is there", async () => {
  for (const [hasSessionCookie, asked] of [[undefined, 1], [false, 1], [true, 0]] as const) {
    const harness = createHarness();
    const tab = await signedOut(harness);
    harness.server.script = undefined;
    harness.hasSessionCookie = hasSessionCookie;
    const before = harness.server.calls.length;
    assert.equal((await signIn(harness, tab)).kind, "valid");
    assert.equal(harness.server.calls.length - before, asked);
    assert.equal(tab.session.status, "active");
    tab.session.dispose();
  }
});

Deno.test("a server that cannot answer whether the cookies were kept signs nobody out", async () => {
  const harness = createHarness();
  harness.hasSessionCookie = undefined;
  const tab = await signedOut(harness);
  harness.server.script = () => ({ kind: "busy" });
  assert.equal((await signIn(harness, tab)).kind, "valid");
  assert.equal(tab.session.status, "active");
  tab.session.dispose();
});

Deno.test("a sign-in makes every tab give up what it has under way before it is sent", async () => {
  const harness = createHarness();
  const tabs = [harness.openTab(), harness.openTab()];
  await harness.advance(0);
  const [tab, other] = tabs;
  assert.ok(tab && other);
  const aborted: boolean[] = [];
  const { refresh } = harness.server.transport;
  Object.assign(harness.server.transport, {
    refresh(call: Parameters<typeof refresh>[0]) {
      call.signal.addEventListener("abort", () => void aborted.push(true));
      return refresh(call);
    },
  });
  harness.server.latencyMs = 3_000;
  void other.session.refresh();
  await harness.advance(100);
  assert.equal(harness.server.calls.at(-1), "refresh");

  let isSent = false;
  harness.server.user = GRACE;
  harness.server.sessionId = "session-2";
  const outcome = tab.session.signIn(() => {
    isSent = true;
    assert.deepEqual(aborted, [true], "before it is sent");
    return Promise.resolve(harness.server.valid(false));
  });
  await harness.advance(0);
  assert.ok(isSent, "it waits for nobody");
  assert.equal((await outcome).kind, "valid");
  await harness.advance(10_000);
  for (const { session, events } of tabs) {
    assert.equal(session.user?.id, GRACE.id);
    assert.deepEqual(events.filter(({ name }) => name === "session-ended"), []);
  }
  for (const { session } of tabs) session.dispose();
});

Deno.test("no late reply replaces the new session: not of the tab itself, not of another", async () => {
  for (const isOther of [false, true]) {
    const harness = createHarness();
    const [tab, other] = [harness.openTab(), harness.openTab()];
    await harness.advance(0);
    const late = Promise.withResolvers<void>();
    const old = harness.server.valid(true);
    Object.assign(harness.server.transport, {
      // A transport that cannot be aborted.
      refresh: () => late.promise.then(() => ({ ...old, generation: 7 })),
    });
    void (isOther ? other : tab).session.refresh();
    await harness.advance(100);
    harness.server.user = GRACE;
    harness.server.sessionId = "session-2";
    const outcome = signIn(harness, tab);
    await harness.advance(0);
    assert.equal((await outcome).kind, "valid");
    late.resolve();
    await harness.advance(1_000);
    for (const { session } of [tab, other]) {
      assert.equal(session.user?.id, GRACE.id);
      session.dispose();
    }
  }
});

Deno.test("a sign-in whose answer was lost is looked up: its cookies may be another person's", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(2_000);
  Object.assign(harness.server, { user: GRACE, sessionId: "session-2" });
  const outcome = await tab.session.signIn(() =>
    Promise.resolve({ kind: "unavailable", cause: "network" } as const)
  );
  assert.equal(outcome.kind, "unavailable");
  await harness.advance(100);
  assert.equal(tab.session.user?.id, GRACE.id);
  assert.equal(tab.count("user-changed"), 1);
  tab.session.dispose();
});

Deno.test("a wrong password leaves the tabs as they were, and the request that it aborted is sent again", async () => {
  const harness = createHarness();
  harness.server.latencyMs = 100;
  const tab = harness.openTab();
  await harness.advance(50);
  const outcome = tab.session.signIn(() =>
    Promise.resolve({ kind: "refused", code: "invalid_credentials", message: "", status: 401 })
  );
  await harness.advance(1_000);
  assert.equal((await outcome).kind, "refused");
  assert.equal(tab.session.status, "active");
  assert.equal(tab.session.user?.id, ADA.id);
  tab.session.dispose();
});

Deno.test("a request aborted for a sign-in counts as no failure", async () => {
  const harness = createHarness();
  const [tab, other] = [harness.openTab(), harness.openTab()];
  await harness.advance(0);
  harness.server.latencyMs = 1_000;
  void other.session.refresh();
  await harness.advance(100);
  const outcome = tab.session.signIn(() =>
    Promise.resolve({ kind: "refused", code: "invalid_credentials", message: "", status: 401 })
  );
  await harness.advance(0);
  assert.equal((await outcome).kind, "refused");
  for (const { session } of [tab, other]) {
    assert.equal(session.getSnapshot().failures, 0);
    assert.equal(session.status, "active");
    session.dispose();
  }
});

Deno.test("a look at the session while its own sign-in is under way does not call it off", async () => {
  for (const trigger of ["focus", "online", "manual"] as const) {
    const harness = createHarness();
    const tab = harness.openTab();
    await harness.advance(0);
    const late = Promise.withResolvers<void>();
    const outcome = tab.session.signIn(() => late.promise.then(() => harness.server.valid(false)));
    await harness.advance(100);
    const looked = tab.session.check(trigger);
    await harness.advance(100);
    late.resolve();
    await harness.advance(1_000);
    assert.equal((await outcome).kind, "valid", trigger);
    await looked;
    tab.session.dispose();
  }
});
