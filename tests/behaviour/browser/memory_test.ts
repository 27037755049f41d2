import assert from "node:assert/strict";
import { openStagedProject } from "./scenario.ts";

const project = await openStagedProject();
Deno.test.afterAll(() => project.close());

const REFRESHES = 4_000;
/** The least that anything kept a refresh would add is a small object: 3,000 of them are 84 kB. */
const MAX_GROWTH_BYTES = 50_000;

Deno.test("four thousand refreshes leave the memory as it was after the first thousand", () =>
  project.withStage(async ({ openSignedIn }) => {
    const tab = await openSignedIn();
    // The whole client, in a page with its locks, channel and storage; only the network is left out.
    await tab.evaluate(`(async () => {
      const reply = await fetch("/functions/v1/unified-auth/validate", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
      const view = await reply.json();
      let { generation } = view.session;
      globalThis.fetch = async (input) => Response.json((input.url ?? input).endsWith("/refresh")
        ? { ...view, refreshed: true, session: { ...view.session, generation: ++generation } }
        : []);
      session.subscribe(() => session.getSnapshot());
      session.onRefreshed(() => {});
      globalThis.refreshMany = async (times) => {
        for (let at = 0; at < times; at++) {
          const call = session.fetch("/api/things");
          await session.refresh();
          await call;
        }
        events.length = 0;
        return session.getSnapshot().generation;
      };
    })()`);
    await tab.evaluate("refreshMany(1_000)");
    const early = await tab.heapBytes();
    assert.equal(await tab.evaluate(`refreshMany(${REFRESHES - 1_000})`), REFRESHES + 1);
    const growth = await tab.heapBytes() - early;
    assert.ok(growth < MAX_GROWTH_BYTES, `grew by ${growth} bytes from ${early}`);
  }));
