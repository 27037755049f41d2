import assert from "node:assert/strict";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import type { ChromiumTab } from "../../harness/browser/chromium_profile.ts";
import { REFRESH_COOKIE } from "../http/browser.ts";
import { openStagedProject, type Stage } from "./scenario.ts";

const project = await openStagedProject();
Deno.test.afterAll(() => project.close());

const ADA = SEED_USERS.ada.email;
const GRACE = SEED_USERS.grace.email;

/** A refresh of `tab` whose reply the functions have given and the network keeps back until `release`. */
async function holdRefresh({ site, age }: Stage, tab: ChromiumTab): Promise<{ release(): void }> {
  await age(3_000);
  const { release } = site.hold("refresh");
  await tab.evaluate("void session.refresh()");
  await site.arrival("refresh", 1);
  return { release };
}

async function signInAs(tab: ChromiumTab, email: string): Promise<void> {
  const { password } = SEED_USERS.grace;
  const kind = `signIn(${JSON.stringify(email)}, ${
    JSON.stringify(password)
  }).then((it) => it.kind)`;
  assert.equal(await tab.evaluate(kind), "signed-in");
}

const isOf = (email: string) =>
  `session.status === "active" && session.user?.email === ${JSON.stringify(email)}`;

/** Long enough for a reply to go through the browser's network stack. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 1_000));

for (const isOther of [false, true]) {
  const where = isOther ? "another tab" : "the same tab";
  Deno.test(`a refresh of ${where} that is answered after another person's sign-in leaves the cookies alone`, () =>
    project.withStage(async (stage) => {
      const tab = await stage.openSignedIn();
      const second = await stage.open();
      await tab.waitFor(isOf(ADA));
      const { release } = await holdRefresh(stage, tab);
      await signInAs(isOther ? second : tab, GRACE);
      const cookie = await stage.chromium.cookie(REFRESH_COOKIE);
      release();
      await settle();
      assert.equal(await stage.chromium.cookie(REFRESH_COOKIE), cookie);
      for (const each of [tab, second]) {
        await each.evaluate("session.check()");
        await each.waitFor(isOf(GRACE));
        assert.ok(!await each.evaluate("events.includes('session-ended')"));
      }
    }));
}

/** A limit: a frozen tab cannot give up its request, so its late reply still replaces the cookies. */
Deno.test("a request that a frozen tab could not abort ends in a sign-in in place, and shows nobody as the person before", () =>
  project.withStage(async (stage) => {
    const tab = await stage.openSignedIn();
    const second = await stage.open();
    const { release } = await holdRefresh(stage, tab);
    await tab.freeze();
    await signInAs(second, GRACE);
    release();
    await settle();
    await second.evaluate("session.check()");
    await tab.thaw();
    await tab.show();
    await tab.waitFor("session.status === 'ended'");
    assert.equal(await second.evaluate("session.status"), "ended");
    assert.equal(await second.evaluate("session.user.email"), GRACE);
    stage.site.setFate(null);
    await signInAs(second, GRACE);
    for (const each of [tab, second]) await each.waitFor(isOf(GRACE));
  }));
