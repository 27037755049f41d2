import assert from "node:assert/strict";
import { simulateBrowser } from "../../bench/simulation/browser.ts";
import type { PageEvent } from "../../bench/simulation/page_event.ts";
import { PERSON_KINDS, planDays } from "../../bench/simulation/people.ts";
import { createRandom } from "../../bench/simulation/random.ts";
import { createSimulatedServer, type SimulatedServer } from "../../bench/simulation/server.ts";
import { createWorld, type Tab } from "../client/world.ts";
import { ADA } from "../client/world_server.ts";

const DAY_MS = 86_400_000;

interface Request {
  readonly action: "validate" | "refresh";
  readonly atMs: number;
}

Deno.test("a simulated browser asks what the real client asks, at the same moments of two days", async () => {
  const requests: string[] = [];
  for (const kind of PERSON_KINDS) {
    for (let seed = 0; seed < 6; seed++) {
      const events = planDays(kind, { days: 2, random: createRandom(seed) });
      const simulated = record((server) =>
        simulateBrowser(events, {
          server,
          endMs: 2 * DAY_MS,
          random: createRandom(seed),
          timerLatenessMs: 0,
        })
      );
      const real = await recordAsync((server) => liveRealDay(events, { server, seed }));
      assert.deepEqual(simulated, real, `${kind} ${seed}`);
      requests.push(...real.requests.map(({ action }) => action));
    }
  }
  assert.ok(requests.filter((action) => action === "validate").length > 100);
  assert.ok(requests.filter((action) => action === "refresh").length > 10);
});

/** The same day in the client as it ships, over the tests' browser in memory. */
async function liveRealDay(
  events: readonly PageEvent[],
  { server, seed }: { readonly server: SimulatedServer; readonly seed: number },
): Promise<void> {
  const world = createWorld();
  world.random = createRandom(seed);
  world.server.script = (action) => {
    if (action === "logout") throw new TypeError("nobody signs out in a simulated day");
    const answer = server.answer(action, world.now());
    return {
      kind: "valid",
      user: ADA,
      sessionId: "session",
      generation: answer.generation,
      refreshed: answer.refreshed,
      accessExpiresInMs: answer.accessInMs,
      sessionEndsInMs: answer.endInMs,
    };
  };
  const tabs = new Map<number, Tab>();
  for (const event of events) {
    await world.advance(event.atMs - world.now());
    if (event.type === "sleep") {
      await world.sleep(event.untilMs - world.now());
      continue;
    }
    const tab = tabs.get(event.tab);
    if (event.type === "open" || event.type === "close") tab?.session.dispose();
    if (event.type === "open") tabs.set(event.tab, world.openTab());
    else if (event.type === "close") tabs.delete(event.tab);
    else if (tab) {
      tab.document.hidden = event.type === "hide";
      tab.document.dispatchEvent(new Event("visibilitychange"));
    }
  }
  await world.advance(2 * DAY_MS - world.now());
  for (const tab of tabs.values()) {
    assert.deepEqual(tab.errors, []);
    tab.session.dispose();
  }
}

function recorder() {
  const requests: Request[] = [];
  const server = createSimulatedServer({
    issuedAtMs: -DAY_MS / 2,
    onRequest: (action, atMs) => void requests.push({ action, atMs }),
  });
  return { server, result: () => ({ requests, traffic: { ...server.traffic } }) };
}

function record(live: (server: SimulatedServer) => void) {
  const { server, result } = recorder();
  live(server);
  return result();
}

async function recordAsync(live: (server: SimulatedServer) => Promise<void>) {
  const { server, result } = recorder();
  await live(server);
  return result();
}
