import assert from "node:assert/strict";
import type { SessionNumbers } from "../../../client/src/session/options.ts";
import type { ChromiumTab } from "../../harness/browser/chromium_profile.ts";
import { REFRESH_COOKIE } from "../http/browser.ts";
import { openStagedProject, QUICK, type Stage } from "./scenario.ts";

const project = await openStagedProject();
/** Access tokens that expire during a sleep of a few seconds, and last as long after it. */
const tenSeconds = await openStagedProject({
  environment: { SESSION_ACCESS_TTL_SECONDS: "10", SESSION_WINDOW_SECONDS: "1" },
});
Deno.test.afterAll(async () => {
  await project.close();
  await tenSeconds.close();
});

const SLEEP_MS = 11_000;

/**
 * Such tabs spread out over 300 ms and read again what the others know. Here ten times as far: a busy
 * machine may need those 300 ms to answer the first.
 */
const WITHOUT_LOCKS = `
  delete Navigator.prototype.locks;
  const wait = globalThis.setTimeout;
  globalThis.setTimeout = (run, ms, ...rest) => wait(run, ms <= 300 ? ms * 10 : ms, ...rest);`;

async function openFive(
  stage: Stage,
  { script, ...options }: Partial<SessionNumbers> & { readonly script?: string } = {},
): Promise<readonly ChromiumTab[]> {
  const tabs = [await stage.openSignedIn({ ...QUICK, ...options }, script)];
  while (tabs.length < 5) tabs.push(await stage.open({ ...QUICK, ...options }, script));
  return tabs;
}

/** All get the same fresh access token, and sleep until it has expired. Resolves with its generation. */
async function sleepThrough(
  { site, chromium }: Stage,
  tabs: readonly ChromiumTab[],
): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1_100)); // past the window
  await tabs[0]?.evaluate("session.refresh().then(() => 0)");
  const generation = await tabs[0]?.evaluate<number>("session.getSnapshot().generation") ?? 0;
  for (const tab of tabs) await tab.waitFor(`session.getSnapshot().generation === ${generation}`);
  site.reset();
  await chromium.sleep(SLEEP_MS);
  return generation;
}

/** All are at the first generation after `generation`, and can write. */
async function allRefreshed(tabs: readonly ChromiumTab[], generation: number): Promise<void> {
  for (const tab of tabs) {
    await tab.waitFor(`session.getSnapshot().generation > ${generation}`);
    const { status, canMutate } = await tab.evaluate<{ status: string; canMutate: boolean }>(
      "session.getSnapshot()",
    );
    assert.deepEqual({ status, canMutate }, { status: "active", canMutate: true });
    assert.equal(await tab.evaluate("session.getSnapshot().generation"), generation + 1);
  }
}

/** How many refreshes `tab` itself has sent, and had an answer to. */
async function countRefreshes(tab: ChromiumTab): Promise<number> {
  return await tab.evaluate<number>(
    "session.diagnostics().filter(({ event, detail }) => " +
      "event === 'recovery' && detail.action === 'refresh').length",
  );
}

Deno.test("five tabs that wake with an expired access token are one refresh request, and all signed in", () =>
  tenSeconds.withStage(async (stage) => {
    const { site } = stage;
    const tabs = await openFive(stage);
    await allRefreshed(tabs, await sleepThrough(stage, tabs));
    assert.deepEqual([site.count("refresh"), site.count("validate")], [1, 0]);
    for (const tab of tabs) assert.ok(await tab.evaluate("events.includes('suspended')"));
  }));

Deno.test("five tabs without Web Locks that wake at once all get the one successor", () =>
  tenSeconds.withStage(async (stage) => {
    const { site } = stage;
    const tabs = await openFive(stage, { script: WITHOUT_LOCKS });
    assert.equal(await tabs[0]?.evaluate("navigator.locks === undefined"), true);
    await allRefreshed(tabs, await sleepThrough(stage, tabs));
    assert.ok(site.count("refresh") < 5, "spread out, later tabs apply what earlier ones fetched");
    for (const tab of tabs) {
      assert.ok(!await tab.evaluate("events.includes('session-ended')"));
    }
  }));

Deno.test("a frozen waiter whose turn it would be holds up none of five tabs", () =>
  project.withStage(async (stage) => {
    const { site, age } = stage;
    // So long that only the waiter's giving up can let the others go on in time.
    const tabs = await openFive(stage, { lockWaitMs: 60_000, requestTimeoutMs: 60_000 });
    const [holder, frozen, ...others] = tabs;
    assert.ok(holder && frozen);
    await age(3_000);
    const never = Promise.withResolvers<void>();
    site.reset();
    // The holder's alone: the next tab may ask as soon as the holder is gone.
    let isHolders = true;
    site.setFate(async (reply) => {
      if (!isHolders) return reply;
      isHolders = false;
      await never.promise;
      return reply;
    });
    await holder.evaluate("void session.refresh()");
    await site.arrival("refresh", 1);
    for (const [index, tab] of [frozen, ...others].entries()) {
      await tab.evaluate("void session.refresh()");
      await tab.waitFor(
        `navigator.locks.query().then(({ pending }) => pending.length === ${index + 1})`,
      );
    }
    await frozen.freeze();
    // Granted in the very moment of the freeze, Chromium neither runs the waiter's callback nor gives the
    // lock back; for that, the others' patience has to do.
    await others[0]?.waitFor(
      `navigator.locks.query().then(({ pending }) => pending.length === ${others.length})`,
    );
    await holder.close(); // nobody knows what the server answered
    const startedMs = performance.now();
    await allRefreshed(others, 1);
    assert.ok(performance.now() - startedMs < 6_000);
    const asked = await Promise.all(others.map(countRefreshes));
    assert.equal(asked.reduce((sum, count) => sum + count), 1, "one of the others asked");
    // The holder's, which it repeats as it goes away unless Chromium ends it before, and that one.
    const sent = site.count("refresh");
    assert.ok(sent === 2 || sent === 3, `${sent} requests`);
    never.resolve();
    await frozen.thaw();
    await frozen.show();
    await allRefreshed([frozen], 1);
    assert.equal(await countRefreshes(frozen), 0);
    assert.equal(site.count("refresh"), sent);
  }));

Deno.test("a refresh that is frozen for longer than its timeout is neither lost nor held against anybody", () =>
  project.withStage(async ({ site, chromium, openSignedIn, age }) => {
    const tab = await openSignedIn(QUICK);
    await age(3_000);
    const before = await chromium.cookie(REFRESH_COOKIE);
    const held = Promise.withResolvers<void>();
    site.setFate(async (reply) => {
      await held.promise;
      return reply;
    });
    await tab.evaluate("void session.refresh()");
    await site.arrival("refresh", 1);
    await tab.freeze();
    await new Promise((resolve) => setTimeout(resolve, QUICK.requestTimeoutMs + 500));
    held.resolve();
    site.setFate(null);
    await chromium.waitForCookie(REFRESH_COOKIE, (value) => value !== before);
    await tab.thaw();
    await tab.show();
    await allRefreshed([tab], 1);
    await tab.waitFor("session.getSnapshot().failures === 0");
    assert.ok(!await tab.evaluate("events.includes('session-ended')"));
  }));
