/**
 * The network between an honest browser and the functions, which must never end a session: proxies that
 * drop cookies, stale cookies of the same name, an update of the browser, a change of secrets.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ACCESS_COOKIE, FIREFOX, REFRESH_COOKIE, viewOf } from "../../behaviour/http/browser.ts";
import {
  newSessionSecret,
  sessionSecretOf,
  startInstanceWithSecrets,
} from "../../behaviour/http/instance_with_secrets.ts";
import { describeBenign } from "./benign.ts";
import { openScheduleFixture } from "./schedule_fixture.ts";
import { assertLivesOn, beginLife, type Binding, BINDINGS, HOUR } from "./session_life.ts";

const UPDATED_FIREFOX = FIREFOX.replaceAll("150.0", "151.0");

const fixture = await openScheduleFixture();
Deno.test.afterAll(() => fixture.close());
const benign = describeBenign(fixture);

const OLDER_SECRET = sessionSecretOf(fixture.stack);
const NEWER_SECRET = await newSessionSecret();

benign("a browser may have been updated since its last refresh", async (life) => {
  const updated = life.copyOf(life.owner, { userAgent: UPDATED_FIREFOX });
  viewOf(await updated.refresh());
  return updated;
});

benign("a browser may be updated in the middle of a reuse interval", async (life) => {
  viewOf(await life.owner.refresh());
  await life.after(10);
  const updated = life.copyOf(life.owner, { userAgent: UPDATED_FIREFOX });
  viewOf(await updated.refresh());
  return updated;
});

for (const seconds of [10, 2 * HOUR]) {
  benign(`a browser may be updated ${seconds} s after a reply was lost`, async (life) => {
    viewOf(await life.owner.refresh({ lost: true }));
    await life.after(seconds);
    const updated = life.copyOf(life.owner, { userAgent: UPDATED_FIREFOX });
    viewOf(await updated.refresh());
    return updated;
  });
}

for (const dropped of [ACCESS_COOKIE, REFRESH_COOKIE]) {
  benign(`a proxy may drop ${dropped} of one reply`, async ({ owner, after }) => {
    const answer = await owner.refresh({ lost: true });
    viewOf(answer);
    owner.keep(answer, { dropped });
    for (let minutes = 0; minutes < 150; minutes += 10) {
      await after(600);
      viewOf(await owner.validate());
    }
  });

  benign(`a proxy may drop ${dropped} of every reply`, async ({ owner, after }) => {
    for (let minutes = 0; minutes < 150; minutes += 10) {
      const answer = await owner.validate({ lost: true });
      viewOf(answer);
      owner.keep(answer, { dropped });
      await after(600);
    }
    viewOf(await owner.refresh());
  });
}

for (const staleFirst of [true, false]) {
  const place = staleFirst ? "before" : "after";
  benign(`a stale cookie of each name may stand ${place} the current one`, async (life) => {
    const stale = life.copyOf(life.owner);
    viewOf(await life.owner.refresh());
    await life.after(120);
    viewOf(await life.owner.validate());

    const both = (staleFirst ? [stale, life.owner] : [life.owner, stale])
      .flatMap(({ cookies }) => [...cookies].map(([name, value]) => `${name}=${value}`))
      .join("; ");
    await life.after(HOUR - 600);
    assert.equal(viewOf(await life.owner.validate({ headers: { cookie: both } })).refreshed, false);
    viewOf(await life.owner.refresh({ headers: { cookie: both } }));
  });
}

for (const binding of BINDINGS) describeChangesOfSecrets(binding);

function describeChangesOfSecrets(binding: Binding): void {
  Deno.test(`${binding}: secrets changed in the reuse interval answer the same token`, async () => {
    await using changed = await startInstanceWithSecrets(fixture.stack, [
      NEWER_SECRET,
      OLDER_SECRET,
    ]);
    const life = await beginLife(fixture, { binding });
    const owner = life.copyOf(life.owner, changed);

    viewOf(await life.owner.refresh());
    await life.after(5);
    viewOf(await owner.refresh());
    assert.equal(owner.refreshToken, life.owner.refreshToken);
    assert.deepEqual(await life.events(), ["refresh", "replay"]);
    await assertLivesOn(life, owner);
  });

  Deno.test(`${binding}: secrets changed back in the reuse interval answer the same token`, async () => {
    await using changed = await startInstanceWithSecrets(fixture.stack, [
      NEWER_SECRET,
      OLDER_SECRET,
    ]);
    await using restored = await startInstanceWithSecrets(fixture.stack, [
      OLDER_SECRET,
      NEWER_SECRET,
    ]);
    const life = await beginLife(fixture, { binding });
    const first = life.copyOf(life.owner, changed);
    const owner = life.copyOf(life.owner, restored);

    viewOf(await first.refresh());
    await life.after(5);
    viewOf(await owner.refresh());
    assert.equal(owner.refreshToken, first.refreshToken);
    assert.deepEqual(await life.events(), ["refresh", "replay"]);
    await assertLivesOn(life, owner);
  });

  Deno.test(`${binding}: secrets changed since a reply was lost still know the token before it`, async () => {
    await using changed = await startInstanceWithSecrets(fixture.stack, [
      NEWER_SECRET,
      OLDER_SECRET,
    ]);
    const life = await beginLife(fixture, { binding });
    const owner = life.copyOf(life.owner, changed);

    viewOf(await life.owner.refresh({ lost: true }));
    await life.after(2 * HOUR);
    viewOf(await owner.refresh());
    assert.deepEqual(await life.events(), [
      "refresh",
      binding === "unbound" ? "reissue" : "replay",
    ]);
    await assertLivesOn(life, owner);
  });

  Deno.test(`${binding}: a secret that was taken back since a reply was lost still continues the session`, async () => {
    await using withdrawn = await startInstanceWithSecrets(fixture.stack, [
      NEWER_SECRET,
      OLDER_SECRET,
    ]);
    const life = await beginLife(fixture, { binding });
    const first = life.copyOf(life.owner, withdrawn);
    const { owner } = life;

    viewOf(await first.refresh({ lost: true }));
    await life.after(90);
    viewOf(await owner.refresh());
    assert.deepEqual((await life.events()).at(-1), "reissue");
    await assertLivesOn(life, owner);
  });
}
