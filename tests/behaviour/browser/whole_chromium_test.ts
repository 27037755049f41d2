import assert from "node:assert/strict";
import { findOptionalProgram } from "../../harness/optional_program.ts";
import { openStagedProject, QUICK } from "./scenario.ts";

/** The headless shell from npm, which every other test drives, is Chromium without a browser's tabs. */
const executable = await findOptionalProgram(
  "chromium",
  "the back/forward cache and tabs that share a window",
);

if (executable !== undefined) {
  const project = await openStagedProject();
  Deno.test.afterAll(() => project.close());

  Deno.test("a page in the back/forward cache survives its peers' messages, and applies them when it is back", () =>
    project.withStage(async ({ site, stack, chromium, openSignedIn, open, age }) => {
      const tab = await openSignedIn(QUICK);
      const peer = await open(QUICK);
      await tab.evaluate("globalThis.mark = 'the same document'; 0");
      await tab.evaluate("addEventListener('pageshow', ({ persisted }) => { mark += persisted; })");
      await tab.navigate(`${stack.functionsUrl}/unified-auth/health`);
      await tab.waitFor("location.pathname.endsWith('/health')");

      await age(3_000);
      await peer.evaluate("session.refresh().then(() => 0)");
      assert.equal(await peer.evaluate("session.getSnapshot().generation"), 2);
      site.reset();
      await tab.goBack();
      await tab.waitFor("globalThis.mark === 'the same documenttrue'");
      assert.equal(
        await tab.evaluate("performance.getEntriesByType('navigation')[0].notRestoredReasons"),
        null,
      );
      await tab.waitFor("session.getSnapshot().generation === 2");
      assert.equal(site.count("refresh"), 0);

      // And the channel is open again: what a peer says now arrives without a return.
      await peer.evaluate("session.signOut().then(() => 0)");
      await tab.waitFor("session.getSnapshot().reason === 'signed-out-elsewhere'");
      assert.ok(await chromium.cookie("__Host-session_refresh") === undefined);
    }, { executable }));

  Deno.test("a lock holder that enters the back/forward cache lets go of the lock and is still restored", () =>
    project.withStage(async ({ site, stack, openSignedIn, open, age }) => {
      const tab = await openSignedIn(QUICK);
      const peer = await open(QUICK);
      await age(3_000);
      const { release } = site.hold("refresh");
      await tab.evaluate("void session.refresh()");
      await site.arrival("refresh", 1);
      await tab.navigate(`${stack.functionsUrl}/unified-auth/health`);
      await tab.waitFor("location.pathname.endsWith('/health')");
      release();
      await peer.evaluate("session.refresh().then(() => 0)");
      assert.equal(await peer.evaluate("session.getSnapshot().generation"), 2);
      await tab.goBack();
      await tab.waitFor("globalThis.session?.getSnapshot().generation === 2");
      assert.equal(await tab.evaluate("session.getSnapshot().status"), "active");
    }, { executable }));

  Deno.test("tabs of one window that are switched are one validate a return", () =>
    project.withStage(async ({ site, openSignedIn, open }) => {
      const options = { settleMs: 50, revalidateAfterMs: 0 };
      const first = await openSignedIn(options);
      const second = await open(options);
      await first.waitFor("document.hidden && !document.hasFocus()");
      await new Promise((resolve) => setTimeout(resolve, 1_100)); // past the debounce of the opening
      site.reset();
      for (const [visit, tab] of [first, second, first].entries()) {
        await tab.show();
        await tab.waitFor("!document.hidden && document.hasFocus()");
        await site.arrival("validate", visit + 1);
        await tab.evaluate("new Promise((resolve) => setTimeout(resolve, 1_100))");
        assert.equal(site.count("validate"), visit + 1);
      }
    }, { executable, oneWindow: true }));
}
