import assert from "node:assert/strict";
import { openApiTab, URL_ } from "./api_tab.ts";
import { createHarness, GRACE, type Harness, type Tab } from "./client_harness.ts";

/** Two tabs of ada's: one that is looked at, and one in which somebody else signs in. */
async function openTabs(
  harness: Harness,
  open: () => Tab | Promise<Tab> = () => harness.openTab(),
): Promise<readonly [Tab, Tab]> {
  const tabs = [await open(), harness.openTab()] as const;
  await harness.advance(2_000);
  return tabs;
}

/** From now on the cookies of this browser are grace's. */
async function signInGrace(harness: Harness, { session }: Tab): Promise<void> {
  const { server } = harness;
  Object.assign(server, { user: GRACE, sessionId: "session-2", latencyMs: 0 });
  server.generation += 10;
  const signedIn = session.signIn(() => Promise.resolve(server.valid(false)));
  await harness.advance(1_000);
  assert.equal((await signedIn).kind, "valid");
}

function disposeAll(tabs: readonly Tab[]): void {
  for (const { session } of tabs) session.dispose();
}

Deno.test("a call that waits for its access token never goes out with another person's, nor with none", async () => {
  for (const leave of ["signs in", "signs out"] as const) {
    const harness = createHarness();
    const tabs = await openTabs(harness, () => openApiTab(harness));
    const [tab, other] = tabs;
    void other.session.refresh(); // whose token this tab does not have
    await harness.advance(2_000);
    harness.server.latencyMs = 1_000;
    const call = assert.rejects(tab.session.fetch(URL_, { method: "POST" }), {
      name: "SessionEndedError",
    });
    await harness.advance(100);
    if (leave === "signs in") await signInGrace(harness, other);
    else void other.session.signOut();
    await harness.advance(20_000);
    await call;
    assert.deepEqual(tab.sent, [], leave);
    disposeAll(tabs);
  }
});

Deno.test("a call that the app takes long to authorize does not go out after another person signed in", async () => {
  const harness = createHarness();
  const authorized = Promise.withResolvers<void>();
  const tabs = await openTabs(harness, () =>
    harness.openTab({
      async authorize(request) {
        await authorized.promise;
        return request;
      },
    }));
  const [tab, other] = tabs;
  const call = assert.rejects(tab.session.fetch(URL_), { name: "SessionEndedError" });
  await signInGrace(harness, other);
  authorized.resolve();
  await call;
  assert.deepEqual(tab.sent, []);
  disposeAll(tabs);
});

Deno.test("a call does not go out as another person of whom no message has come yet", async () => {
  const harness = createHarness();
  const tabs = await openTabs(
    harness,
    () => harness.openTab({ environment: { openChannel: () => null, window: null } }),
  );
  const [tab, other] = tabs;
  await signInGrace(harness, other);
  assert.notEqual(tab.session.user?.id, GRACE.id);
  await assert.rejects(tab.session.fetch(URL_), { name: "SessionEndedError" });
  assert.deepEqual(tab.sent, []);
  assert.equal(tab.session.user?.id, GRACE.id);
  assert.equal((await tab.session.fetch(URL_)).status, 200);
  disposeAll(tabs);
});

Deno.test("an access token that one person asked for is not the next one's", async () => {
  const harness = createHarness();
  const tabs = await openTabs(harness);
  const [tab, other] = tabs;
  void other.session.refresh();
  await harness.advance(2_000);
  harness.server.latencyMs = 1_000;
  const token = assert.rejects(tab.session.getAccessToken(), { name: "SessionEndedError" });
  await harness.advance(100);
  await signInGrace(harness, other);
  await harness.advance(20_000);
  await token;
  assert.match(await tab.session.getAccessToken() ?? "", /^token-/);
  disposeAll(tabs);
});

Deno.test("a change of one person's account is never made to another's", async () => {
  const harness = createHarness();
  const tabs = await openTabs(harness);
  const [tab, other] = tabs;
  const owners: (string | undefined)[] = [];
  const refused = Promise.withResolvers<void>();
  const change = tab.session.request(async () => {
    owners.push(tab.session.user?.id);
    await refused.promise;
    return { kind: "rejected", reason: "no-session" } as const;
  });
  await signInGrace(harness, other);
  refused.resolve();
  await harness.advance(5_000);
  assert.deepEqual(await change, { kind: "rejected", reason: "no-session" });
  assert.deepEqual(owners, ["ada"]);
  disposeAll(tabs);

  // A page that still shows the person of the last visit.
  harness.server.user = { id: "ada" };
  harness.server.latencyMs = 100;
  const next = harness.openTab();
  assert.equal(next.session.user?.id, GRACE.id);
  let isSent = false;
  const early = next.session.request(() => {
    isSent = true;
    return Promise.resolve({ kind: "changed" } as const);
  });
  await harness.advance(1_000);
  assert.deepEqual(await early, { kind: "rejected", reason: "no-session" });
  assert.equal(isSent, false);
  next.session.dispose();
});
