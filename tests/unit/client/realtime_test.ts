import assert from "node:assert/strict";
import { type RealtimeChannel, RealtimeClient } from "@supabase/supabase-js";
import { connectSupabase, supabaseAccessToken } from "../../../client/src/supabase/index.ts";
import { createHarness, GRACE } from "./client_harness.ts";

/** A Realtime server that answers ok to everything, a moment later. */
class AgreeableSocket {
  static closed = 0;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readyState = 0;
  onopen: (() => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;

  constructor() {
    this.#later(() => {
      this.readyState = 1;
      this.onopen?.();
    });
  }

  send(message: string): void {
    const [joinRef, ref, topic] = JSON.parse(message);
    const reply = [joinRef, ref, topic, "phx_reply", { status: "ok", response: {} }];
    this.#later(() => this.onmessage?.({ data: JSON.stringify(reply) }));
  }

  close(): void {
    this.#timers.forEach(clearTimeout);
    this.readyState = 3;
    AgreeableSocket.closed++;
    this.onclose?.({ code: 1000, wasClean: true });
  }

  #later(then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, 10);
    this.#timers.add(timer);
  }
}

function openRealtime(transport: typeof AgreeableSocket = AgreeableSocket) {
  const realtime = new RealtimeClient("ws://realtime.test/realtime/v1", {
    params: { apikey: "public" },
    transport: transport as unknown as typeof WebSocket,
  });
  return {
    realtime,
    getChannels: () => realtime.getChannels(),
    removeChannel: (channel: RealtimeChannel) => realtime.removeChannel(channel),
    removeAllChannels: () => realtime.removeAllChannels(),
  };
}

/** Resolves when `channel` is subscribed; `left` does when it is closed. */
function subscribe(channel: RealtimeChannel): { joined: Promise<void>; left: Promise<void> } {
  const [joined, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  channel.subscribe((status) => {
    if (status === "SUBSCRIBED") joined.resolve();
    if (status === "CLOSED") left.resolve();
  });
  return { joined: joined.promise, left: left.promise };
}

Deno.test("a channel that cannot be left keeps no other, and is nobody's unhandled error", async () => {
  const harness = createHarness();
  const { session } = harness.openTab();
  await harness.advance(0);
  const left: string[] = [];
  const disconnect = connectSupabase(session, {
    realtime: { setAuth: () => {} },
    getChannels: () => [{ state: "joined", name: "a" }, { state: "joined", name: "b" }],
    removeChannel: ({ name }) => {
      left.push(name);
      return Promise.reject(new Error("socket is gone"));
    },
  });
  await session.signOut();
  assert.deepEqual(left, ["a", "b"]);
  disconnect();
  session.dispose();
});

// realtime-js 2.119.1 leaves a timer of 10 s behind when it disconnects.
Deno.test({
  name: "channels of the next user outlive the removal of those of the one before",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const harness = createHarness();
    const { session } = harness.openTab();
    await harness.advance(0);
    const client = openRealtime();
    const disconnect = connectSupabase(session, client);
    const ada = subscribe(client.realtime.channel("ada"));
    await ada.joined;
    AgreeableSocket.closed = 0;

    let grace: ReturnType<typeof subscribe> | undefined;
    session.on("user-changed", () => grace = subscribe(client.realtime.channel("grace")));
    Object.assign(harness.server, { user: GRACE, sessionId: "session-2" });
    await session.signIn(() => Promise.resolve(harness.server.valid(false)));
    await Promise.all([ada.left, grace?.joined]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(
      client.getChannels().map(({ topic, state }) => [topic, state]),
      [["realtime:grace", "joined"]],
    );
    assert.equal(AgreeableSocket.closed, 0);

    disconnect();
    session.dispose();
    await client.realtime.removeAllChannels();
  },
});

Deno.test("supabase-js asks as nobody for nobody who is signed in", async () => {
  const harness = createHarness();
  harness.server.exposesToken = false;
  const { session } = harness.openTab();
  await harness.advance(0);
  const accessToken = supabaseAccessToken(session);
  await assert.rejects(accessToken, /SESSION_EXPOSE_ACCESS_TOKEN/);
  await session.signOut();
  assert.equal(await accessToken(), null, "a guest asks with the public key");
  session.dispose();
});

/** A Realtime server that closes a channel when its token runs out, as realtime-js#246 reports. */
class ClosingSocket extends AgreeableSocket {
  static readonly open = new Set<ClosingSocket>();
  readonly joins: { topic: string; token: unknown; ref: unknown }[] = [];

  constructor() {
    super();
    ClosingSocket.open.add(this);
  }

  override send(message: string): void {
    const [joinRef, , topic, event, payload] = JSON.parse(message);
    if (event === "phx_join") this.joins.push({ topic, token: payload.access_token, ref: joinRef });
    super.send(message);
  }

  closeChannels(): void {
    for (const { topic, ref } of this.joins) {
      const error = { status: "error", extension: "system", message: "Token has expired" };
      this.onmessage?.({ data: JSON.stringify([ref, null, topic, "system", error]) });
      this.onmessage?.({ data: JSON.stringify([ref, null, topic, "phx_close", {}]) });
    }
  }

  override close(): void {
    ClosingSocket.open.delete(this);
    super.close();
  }
}

Deno.test({
  name: "a channel that the server closed for its token joins again with the fresh one",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const harness = createHarness();
    const { session } = harness.openTab();
    await harness.advance(0);
    const client = openRealtime(ClosingSocket);
    const lost: unknown[] = [];
    const disconnect = connectSupabase(session, client, {
      onChannelLost: (channel) => void lost.push(channel),
    });
    await client.realtime.setAuth("token-1");
    const statuses: string[] = [];
    const channel = client.realtime.channel("things");
    const joinedTwice = Promise.withResolvers<void>();
    const joinedOnce = Promise.withResolvers<void>();
    channel.subscribe((status) => {
      statuses.push(status);
      if (status !== "SUBSCRIBED") return;
      joinedOnce.resolve();
      if (statuses.filter((each) => each === "SUBSCRIBED").length === 2) joinedTwice.resolve();
    });
    await joinedOnce.promise;

    // The functions cannot be reached while the token runs out.
    harness.server.script = () => ({ kind: "unavailable", cause: "network" });
    await harness.advance(3_600_000);
    assert.equal(session.status, "degraded");
    for (const socket of ClosingSocket.open) socket.closeChannels();
    assert.equal(channel.state, "closed");

    harness.server.script = undefined;
    await session.check();
    await joinedTwice.promise;
    assert.deepEqual(statuses, ["SUBSCRIBED", "CLOSED", "SUBSCRIBED"]);
    assert.equal(channel.state, "joined");
    assert.deepEqual(client.getChannels(), [channel]);
    const tokens = [...ClosingSocket.open].flatMap(({ joins }) => joins.map(({ token }) => token));
    assert.equal(tokens.at(-1), `token-${harness.server.generation}`);
    assert.deepEqual(lost, []);

    disconnect();
    session.dispose();
    await client.realtime.removeAllChannels();
  },
});

Deno.test({
  name: "a channel that the app has left does not come back",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const harness = createHarness();
    const { session } = harness.openTab();
    await harness.advance(0);
    const client = openRealtime();
    const channel = client.realtime.channel("things");
    const { joined } = subscribe(channel);
    await joined;
    const disconnect = connectSupabase(session, client);
    await channel.unsubscribe();
    await harness.advance(2_000);
    await session.refresh();
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(channel.state, "closed");
    assert.deepEqual(client.getChannels(), []);
    disconnect();
    session.dispose();
  },
});

Deno.test("a channel that cannot join again is reported to the app", async () => {
  const harness = createHarness();
  const { session } = harness.openTab();
  await harness.advance(0);
  const channel = { state: "joined" };
  const lost: unknown[] = [];
  const disconnect = connectSupabase(session, {
    realtime: { setAuth: () => {} },
    getChannels: () => [channel],
    removeChannel: () => Promise.resolve(),
  }, { onChannelLost: (each) => void lost.push(each) });
  channel.state = "closed";
  await harness.advance(2_000);
  await session.refresh();
  assert.deepEqual(lost, [channel]);
  disconnect();
  session.dispose();
});
