import assert from "node:assert/strict";
import { signal } from "@angular/core";
import { get, readable } from "svelte/store";
import { shallowRef, watchEffect } from "vue";
import { createHarness } from "./client_harness.ts";

Deno.test("the client is a Svelte store: $auth is the snapshot", async () => {
  const harness = createHarness();
  const { session } = harness.openTab();
  assert.equal(get(session).status, "restoring");
  await harness.advance(0);
  assert.equal(get(session).user?.id, "ada");
  // As a derived store would use it, from within its start function.
  const status = readable("", (set) => session.subscribe((snapshot) => set(snapshot.status)));
  assert.equal(get(status), "active");
  session.dispose();
});

Deno.test("in Vue a shallow ref follows the client, and what watches it runs again", async () => {
  const harness = createHarness();
  const { session } = harness.openTab();
  const state = shallowRef(session.getSnapshot());
  const stop = session.subscribe((snapshot) => state.value = snapshot);
  const seen: string[] = [];
  watchEffect(() => void seen.push(state.value.status), { flush: "sync" });
  await harness.advance(0);
  assert.deepEqual(new Set(seen), new Set(["restoring", "active"]));
  stop();
  session.dispose();
});

Deno.test("in Angular a signal follows the client", async () => {
  const harness = createHarness();
  const { session } = harness.openTab();
  const state = signal(session.getSnapshot());
  const stop = session.subscribe((snapshot) => state.set(snapshot));
  assert.equal(state().status, "restoring");
  await harness.advance(0);
  assert.equal(state().status, "active");
  stop();
  session.dispose();
});
