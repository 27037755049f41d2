import assert from "node:assert/strict";
import { createHarness, type Harness } from "./client_harness.ts";

Deno.test("signing out is immediate here, and the request is repeated until the server answers", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  const { kind } = await tab.session.signOut();
  assert.equal(kind, "unavailable");
  assert.deepEqual(
    [tab.session.getSnapshot().status, tab.session.getSnapshot().user],
    ["signed-out", null],
  );
  harness.server.script = undefined;
  await harness.advance(60_000);
  assert.equal(harness.server.calls.at(-1), "logout");
  const after = harness.server.calls.length;
  await harness.advance(3_600_000);
  assert.equal(harness.server.calls.length, after);
  assert.equal(tab.count("signed-out"), 1);
  tab.session.dispose();
});

Deno.test("a reply that comes after signing out does not sign in again", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.latencyMs = 1000;
  void tab.session.refresh();
  await harness.advance(100);
  const out = tab.session.signOut();
  await harness.advance(5000);
  assert.deepEqual(await out, { kind: "done" });
  assert.equal(tab.session.getSnapshot().status, "signed-out");
  assert.equal(await tab.session.getAccessToken(), null);
  tab.session.dispose();
});

Deno.test("a page that signed out while the server was away tells it after a reload", async () => {
  const harness = createHarness();
  await signOutInVain(harness);
  let isSignedOut = false;
  harness.server.script = (path) => {
    isSignedOut ||= path === "logout";
    return isSignedOut ? withoutCookie(path) : harness.server.valid(false);
  };
  const next = harness.openTab();
  const statuses: string[] = [];
  next.session.subscribe(({ status }) => void statuses.push(status));
  await harness.advance(0);
  assert.deepEqual(harness.server.calls, ["validate", "logout", "validate"]);
  assert.deepEqual(new Set(statuses), new Set(["restoring", "signed-out"]));
  assert.equal(await next.session.getAccessToken(), null);
  next.session.dispose();
});

Deno.test("a sign-out that reaches the server late ends no session that a mail or a popup has begun since", async () => {
  const harness = createHarness();
  await signOutInVain(harness);
  harness.server.script = undefined;
  harness.server.sessionId = "session-2";
  const next = harness.openTab();
  await harness.advance(0);
  assert.equal(next.session.status, "active");
  assert.equal(next.count("signed-in"), 1);
  await harness.advance(600_000);
  assert.deepEqual(new Set(harness.server.calls), new Set(["validate"]));
  next.session.dispose();
});

Deno.test("a sign-out that has no key left for the server neither waits for one nor bars the next sign-in", async () => {
  for (const lack of ["key-lost", "unreadable"] as const) {
    for (const scope of ["local", "global"] as const) {
      const harness = createHarness();
      await signOutInVain(harness, scope);
      harness.server.script = (path) => {
        if (path === "logout" && scope === "local") return { kind: "done" };
        return lack === "key-lost"
          ? { kind: "rejected", reason: "key-lost" }
          : { kind: "unavailable", cause: "key" };
      };
      const next = harness.openTab();
      await harness.advance(100);
      assert.deepEqual(harness.server.calls.slice(0, 2), ["validate", "logout"], lack);
      const signedIn = next.session.signIn(() => Promise.resolve(harness.server.valid(false)));
      await harness.advance(10_000);
      assert.equal((await signedIn).kind, "valid", `${lack}, ${scope}`);
      assert.equal(next.session.status, "active");
      next.session.dispose();
    }
  }
});

Deno.test("a session that is started again finds out that another tab signed out without the server", async () => {
  const harness = createHarness();
  const [tab, other] = [harness.openTab(), harness.openTab()];
  await harness.advance(2000);
  tab.session.dispose();
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  await other.session.signOut();
  other.session.dispose();
  harness.server.script = withoutCookie;
  await harness.sleep(10);
  tab.session.start();
  await harness.advance(0);
  const { status, canMutate } = tab.session.getSnapshot();
  assert.deepEqual({ status, canMutate }, { status: "ended", canMutate: false });
  tab.session.dispose();
});

/** A page that signs out without the server's hearing of it, and is closed. */
async function signOutInVain(harness: Harness, scope?: "local" | "global"): Promise<void> {
  const { session } = harness.openTab();
  await harness.advance(0);
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  await session.signOut({ scope });
  session.dispose();
  harness.server.calls.length = 0;
  await harness.sleep(10);
}

/** The server after it signed this browser out. */
function withoutCookie(path: "validate" | "refresh" | "logout") {
  return path === "logout"
    ? { kind: "done" } as const
    : { kind: "rejected", reason: "no-session" } as const;
}
