import assert from "node:assert/strict";
import { collectMetrics } from "../../../client/src/metrics.ts";
import { createReadCache } from "../../../client/src/cache.ts";
import { connectSupabase, supabaseAccessToken } from "../../../client/src/supabase/index.ts";
import { createHarness, GRACE, type Harness } from "./client_harness.ts";

function storageOf(harness: Harness) {
  return {
    getItem: (key: string) => harness.storage.get(key) ?? null,
    setItem: (key: string, value: string) => void harness.storage.set(key, value),
    removeItem: (key: string) => void harness.storage.delete(key),
  };
}

const offline = () => Promise.reject(new TypeError("Failed to fetch"));

Deno.test("a read that fails answers what was kept, with its moment", async () => {
  const harness = createHarness();
  const { session } = harness.openTab();
  await harness.advance(0);
  const cache = createReadCache(session, { storage: storageOf(harness), maxEntries: 2 });
  const load = (value: number) => () => Promise.resolve({ value });
  assert.deepEqual(await cache.read("a", load(1)), { value: { value: 1 }, cachedAt: null });
  await cache.read("a", load(2));
  const kept = await cache.read("a", offline);
  assert.deepEqual(kept.value, { value: 2 });
  assert.ok(typeof kept.cachedAt === "number");
  await assert.rejects(cache.read("b", offline), /Failed to fetch/);
  await cache.read("b", load(3));
  await cache.read("c", load(4));
  await assert.rejects(cache.read("a", offline), /Failed to fetch/);
  cache.dispose();
  session.dispose();
});

Deno.test("junk in the storage of reads is ignored", async () => {
  const harness = createHarness();
  const { session } = harness.openTab();
  await harness.advance(0);
  const storage = storageOf(harness);
  for (const junk of ["{", "[]", '{"userId":"ada"}', '{"userId":"ada","entries":[null,[1]]}']) {
    storage.setItem("session-reads:v1", junk);
    const cache = createReadCache(session, { storage });
    await assert.rejects(cache.read("a", offline), /Failed to fetch/, junk);
    assert.deepEqual(await cache.read("a", () => Promise.resolve(1)), { value: 1, cachedAt: null });
    assert.equal((await cache.read("a", offline)).value, 1, junk);
    cache.dispose();
  }
  session.dispose();
});

Deno.test("reads are kept through expiry, and gone after signing out or for another user", async () => {
  const harness = createHarness();
  const { session } = harness.openTab();
  await harness.advance(0);
  const cache = createReadCache(session, { storage: storageOf(harness) });
  await cache.read("a", () => Promise.resolve("ada's"));
  harness.server.script = () => ({ kind: "rejected", reason: "expired" });
  await session.check();
  assert.equal((await cache.read("a", offline)).value, "ada's");
  harness.server.script = undefined;
  Object.assign(harness.server, { user: GRACE, sessionId: "session-2" });
  await session.signIn(() => Promise.resolve(harness.server.valid(false)));
  await assert.rejects(cache.read("a", offline));
  await cache.read("a", () => Promise.resolve("grace's"));
  await session.signOut();
  await assert.rejects(cache.read("a", offline));
  assert.ok(!JSON.stringify([...harness.storage]).includes("grace's"));
  cache.dispose();
  session.dispose();
});

Deno.test("metrics count refreshes, failures, suspensions, ends and lengths", async () => {
  const harness = createHarness();
  const { session } = harness.openTab();
  const metrics = collectMetrics(session);
  await harness.advance(0);
  await session.refresh();
  harness.server.script = () => ({ kind: "busy" });
  await harness.advance(2000);
  await session.check();
  harness.server.script = undefined;
  await harness.sleep(3_600_000);
  await harness.advance(1000);
  harness.server.script = () => ({ kind: "rejected", reason: "revoked" });
  await harness.advance(1000);
  await session.check();
  const { sessionLengthsMs, suspendedMs, ...counts } = metrics.read();
  assert.deepEqual(counts, { refreshes: 2, failures: 1, suspensions: 1, ended: 1 });
  assert.ok(suspendedMs >= 3_600_000 && sessionLengthsMs.length === 1);
  metrics.stop();
  session.dispose();
});

function fakeSupabase() {
  const log: string[] = [];
  const channels = [{ state: "joined" }, { state: "joined" }, { state: "closed" }];
  return {
    log,
    channels,
    realtime: {
      setAuth: (token?: string | null) => {
        log.push(`setAuth ${token}`);
        return Promise.resolve();
      },
    },
    getChannels: () => [...channels],
    removeChannel: (channel: { state: string }) => {
      log.push(`remove ${channel.state}`);
      channels.splice(channels.indexOf(channel), 1);
      return Promise.resolve("ok");
    },
  };
}

Deno.test("Realtime has the fresh token, and closed channels are gone, before waiting calls go out", async () => {
  const harness = createHarness();
  const tab = harness.openTab();
  const client = fakeSupabase();
  const lost: unknown[] = [];
  const options = { onChannelLost: ({ state }: { state: string }) => void lost.push(state) };
  const [first, second] = [
    connectSupabase(tab.session, client, options),
    connectSupabase(tab.session, client, options),
  ];
  Object.assign(client.channels[1] ?? {}, { state: "closed" });
  tab.respond = () => {
    client.log.push("call");
    return new Response();
  };
  const call = tab.session.fetch("https://api.test/");
  await harness.advance(0);
  await call;
  assert.deepEqual(client.log, ["remove closed", "setAuth token-1", "call"]);
  assert.deepEqual(lost, ["closed"]);
  assert.equal(client.channels.length, 2, "one that has not joined yet is left alone");
  first();
  first();
  await tab.session.refresh();
  assert.equal(client.log.at(-1), "setAuth token-2");
  await tab.session.signOut();
  assert.deepEqual(client.channels, []);
  second();
  const before = client.log.length;
  await tab.session.signIn(() => Promise.resolve(harness.server.valid(false)));
  assert.equal(client.log.length, before);
  tab.session.dispose();
});

Deno.test("supabase-js never falls back to the public key because of an outage", async () => {
  const harness = createHarness();
  harness.server.script = () => ({ kind: "unavailable", cause: "network" });
  const { session } = harness.openTab();
  const accessToken = supabaseAccessToken(session);
  await harness.advance(0);
  await assert.rejects(accessToken(), { name: "SessionUnavailableError" });
  harness.server.script = undefined;
  await harness.advance(60_000);
  assert.equal(await accessToken(), "token-1");
  harness.server.script = () => ({ kind: "rejected", reason: "expired" });
  await session.check();
  await assert.rejects(accessToken(), { name: "SessionEndedError" });
  harness.server.script = undefined;
  await session.signOut();
  assert.equal(await accessToken(), null);
  session.dispose();
});
