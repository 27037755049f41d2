import assert from "node:assert/strict";
import { ADA, createHarness } from "./client_harness.ts";

/** The answer of a process that does not have the secret yet which tagged a browser's refresh token. */
const NOT_READ = () => ({ kind: "rejected", reason: "no-session" }) as const;

Deno.test("a page whose token one process cannot read says expired, and heals with the next that can", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  await harness.advance(0);
  harness.server.script = NOT_READ;
  await tab.session.check();
  const { status, user } = tab.session.getSnapshot();
  assert.deepEqual([status, user], ["ended", ADA]);

  harness.server.script = undefined;
  await harness.advance(300_000);
  assert.equal(tab.session.getSnapshot().status, "active");
  tab.session.dispose();
});

Deno.test("a page that opens before such a process is sent to sign in: secrets must be appended first", async () => {
  const harness = createHarness();
  harness.server.script = NOT_READ;
  const tab = harness.openTab();
  await harness.advance(0);
  assert.equal(tab.session.getSnapshot().status, "signed-out");

  harness.server.script = undefined;
  await harness.advance(300_000);
  assert.equal(tab.session.getSnapshot().status, "signed-out");
  await tab.session.check();
  assert.equal(tab.session.getSnapshot().status, "active", "its cookies were never touched");
  tab.session.dispose();
});
