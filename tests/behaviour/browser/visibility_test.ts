import assert from "node:assert/strict";
import type { ChromiumTab } from "../../harness/browser/chromium_profile.ts";
import { openStagedProject } from "./scenario.ts";

const project = await openStagedProject();
Deno.test.afterAll(() => project.close());

/** Records the page's visibility events, from the first moment on. */
const LISTEN = `
  globalThis.heard = [];
  for (const type of ["focus", "blur"]) addEventListener(type, () => heard.push(type));
  for (const type of ["visibilitychange", "freeze", "resume"]) {
    document.addEventListener(type, () => heard.push(type + " " + document.visibilityState));
  }`;

/** Away and back, as a person does it; resolves when the page knows. */
async function leaveAndReturn(tab: ChromiumTab): Promise<void> {
  await tab.hide();
  await tab.waitFor("document.hidden && !document.hasFocus()");
  await tab.show();
  await tab.waitFor("!document.hidden && document.hasFocus()");
}

Deno.test("a return to the tab is one validate, although the browser announces it twice", () =>
  project.withStage(async ({ site, openSignedIn }) => {
    const tab = await openSignedIn({ settleMs: 50, revalidateAfterMs: 0 }, LISTEN);
    for (let visit = 1; visit <= 3; visit++) {
      await tab.evaluate("heard.length = 0");
      await leaveAndReturn(tab);
      assert.deepEqual(
        await tab.evaluate("heard.toSorted()"),
        ["blur", "focus", "visibilitychange hidden", "visibilitychange visible"],
      );
      await site.arrival("validate", visit);
      // A second question would come from the second event, within the debounce.
      await tab.evaluate("new Promise((resolve) => setTimeout(resolve, 1_100))");
      assert.equal(site.count("validate"), visit);
    }
    assert.equal(site.count("refresh"), 0);
  }));

Deno.test("a return within a minute of the last verification sends no request", () =>
  project.withStage(async ({ site, openSignedIn }) => {
    const tab = await openSignedIn({ settleMs: 50 });
    await leaveAndReturn(tab);
    await tab.evaluate("new Promise((resolve) => setTimeout(resolve, 1_100))");
    await leaveAndReturn(tab);
    await tab.evaluate("new Promise((resolve) => setTimeout(resolve, 500))");
    assert.equal(site.count("validate") + site.count("refresh"), 0);
  }));

Deno.test("a frozen tab asks once when it goes on, and once is enough when it is seen too", () =>
  project.withStage(async ({ site, openSignedIn }) => {
    const tab = await openSignedIn({ settleMs: 50, revalidateAfterMs: 0 }, LISTEN);
    await tab.freeze();
    await tab.thaw();
    await tab.show();
    await tab.waitFor("!document.hidden");
    const heard = await tab.evaluate<string[]>("heard");
    assert.ok(heard.includes("freeze hidden") && heard.includes("resume hidden"), `${heard}`);
    await site.arrival("validate", 1);
    await tab.evaluate("new Promise((resolve) => setTimeout(resolve, 1_100))");
    assert.equal(site.count("validate"), 1);
  }));

Deno.test("the network that comes back right after a return in vain is not lost in the debounce", () =>
  project.withStage(async ({ site, openSignedIn }) => {
    // So long a debounce and so high a ladder that only the signal can explain a question.
    const slow = { visibilityDebounceMs: 60_000, backoffBaseMs: 120_000, backoffCapMs: 120_000 };
    const tab = await openSignedIn({ settleMs: 50, revalidateAfterMs: 0, ...slow });
    await tab.hide();
    await tab.waitFor("document.hidden");
    await tab.setOffline(true);
    await tab.show();
    await tab.waitFor("session.getSnapshot().failures === 1");
    site.reset();
    await tab.setOffline(false);
    await tab.waitFor("session.getSnapshot().failures === 0");
    assert.equal(site.count("validate"), 1);
    assert.equal(await tab.evaluate("session.getSnapshot().status"), "active");
  }));
