import assert from "node:assert/strict";
import { ADA, createWorld, GRACE } from "./world.ts";

const stored = (world: ReturnType<typeof createWorld>): string =>
  [...world.storage.values()].join();

Deno.test("this device keeps the user's id, and no more than the app has named", async () => {
  const world = createWorld();
  world.server.user = { id: "ada", name: "Ada Lovelace" };
  const first = world.openTab();
  await world.advance(0);
  assert.equal(first.session.user?.name, "Ada Lovelace");
  assert.ok(stored(world).includes("ada") && !stored(world).includes("Lovelace"));
  first.session.dispose();
  const next = world.openTab();
  assert.deepEqual(next.session.user, { id: "ada" });
  await world.advance(0);
  assert.equal(next.session.user?.name, "Ada Lovelace");
  next.session.dispose();
});

Deno.test("what the app names is shown before the server answers", async () => {
  const world = createWorld();
  world.server.user = { id: "ada", name: "Ada Lovelace" };
  const first = world.openTab({ hint: ["name"] });
  await world.advance(0);
  first.session.dispose();
  const next = world.openTab({ hint: ["name"] });
  assert.equal(next.session.getSnapshot().status, "restoring");
  assert.equal(next.session.user?.name, "Ada Lovelace");
  next.session.dispose();
});

Deno.test("tabs tell each other the whole user, in messages that nothing keeps", async () => {
  const world = createWorld();
  const [first, second] = [world.openTab(), world.openTab()];
  await world.advance(0);
  world.server.user = { id: "ada", name: "Ada King" };
  await world.advance(1_000);
  await first.session.refresh();
  await world.advance(0);
  assert.equal(second.session.user?.name, "Ada King");
  assert.ok(!stored(world).includes("King"));
  for (const { session } of [first, second]) session.dispose();
});

Deno.test("without channels a tab asks the server who signed in elsewhere, and shows nobody's data meanwhile", async () => {
  const world = createWorld();
  const options = { environment: { openChannel: () => null } };
  const [first, second] = [world.openTab(options), world.openTab(options)];
  await world.advance(0);
  assert.equal(second.session.user?.id, ADA.id);
  world.server.user = { ...GRACE, name: "Grace Hopper" };
  world.server.sessionId = "session-2";
  world.server.calls.length = 0;
  await first.session.signIn(() => Promise.resolve(world.server.valid(false)));
  await world.advance(10);
  assert.deepEqual(second.session.user, { id: GRACE.id, name: "Grace Hopper" });
  assert.deepEqual(world.server.calls, ["validate"]);
  assert.equal(second.count("user-changed"), 1);
  for (const { session } of [first, second]) session.dispose();
});
