import assert from "node:assert/strict";
import { ADA, createHarness, GRACE } from "./client_harness.ts";

const stored = (harness: ReturnType<typeof createHarness>): string =>
  [...harness.storage.values()].join();

Deno.test("this device keeps the user's id, and no more than the app has named", async () => {
  const harness = createHarness();
  harness.server.user = { id: "ada", name: "Ada Lovelace" };
  const first = harness.openTab();
  await harness.advance(0);
  assert.equal(first.session.user?.name, "Ada Lovelace");
  assert.ok(stored(harness).includes("ada") && !stored(harness).includes("Lovelace"));
  first.session.dispose();
  const next = harness.openTab();
  assert.deepEqual(next.session.user, { id: "ada" });
  await harness.advance(0);
  assert.equal(next.session.user?.name, "Ada Lovelace");
  next.session.dispose();
});

Deno.test("the fields that the app names are shown before the server answers", async () => {
  const harness = createHarness();
  harness.server.user = { id: "ada", name: "Ada Lovelace" };
  const first = harness.openTab({ hint: ["name"] });
  await harness.advance(0);
  first.session.dispose();
  const next = harness.openTab({ hint: ["name"] });
  assert.equal(next.session.getSnapshot().status, "restoring");
  assert.equal(next.session.user?.name, "Ada Lovelace");
  next.session.dispose();
});

Deno.test("tabs tell each other the whole user, in messages that nothing keeps", async () => {
  const harness = createHarness();
  const [first, second] = [harness.openTab(), harness.openTab()];
  await harness.advance(0);
  harness.server.user = { id: "ada", name: "Ada King" };
  await harness.advance(1_000);
  await first.session.refresh();
  await harness.advance(0);
  assert.equal(second.session.user?.name, "Ada King");
  assert.ok(!stored(harness).includes("King"));
  for (const { session } of [first, second]) session.dispose();
});

Deno.test("without channels a tab asks the server who signed in elsewhere, and shows nobody's data meanwhile", async () => {
  const harness = createHarness();
  const options = { environment: { openChannel: () => null } };
  const [first, second] = [harness.openTab(options), harness.openTab(options)];
  await harness.advance(0);
  assert.equal(second.session.user?.id, ADA.id);
  harness.server.user = { ...GRACE, name: "Grace Hopper" };
  harness.server.sessionId = "session-2";
  harness.server.calls.length = 0;
  await first.session.signIn(() => Promise.resolve(harness.server.valid(false)));
  await harness.advance(10);
  assert.deepEqual(second.session.user, { id: GRACE.id, name: "Grace Hopper" });
  assert.deepEqual(harness.server.calls, ["validate"]);
  assert.equal(second.count("user-changed"), 1);
  for (const { session } of [first, second]) session.dispose();
});
