/**
 * Thieves who know the rotation rule: they bring keys, hold off the owner, burn branches, record
 * requests, and end what they cannot have. Each finds what docs/security.md says, and no more.
 *
 * @module
 */

import assert from "node:assert/strict";
import { AFTER_REUSE_INTERVAL_SECONDS } from "../../harness/reuse_interval.ts";
import { SEED_USERS } from "../../../local/platform/seed_users.ts";
import { backdateAccessToken } from "../../behaviour/http/access_token_forge.ts";
import {
  ACCESS_COOKIE,
  type Answer,
  type Browser,
  codeOf,
  openBrowser,
  viewOf,
} from "../../behaviour/http/browser.ts";
import { createProofKey } from "../../behaviour/http/proof_key.ts";
import { openScheduleFixture } from "./schedule_fixture.ts";
import {
  assertEndedAsStolen,
  assertLivesOn,
  beginLife,
  HOUR,
  readSession,
  type SessionLife,
} from "./session_life.ts";

const fixture = await openScheduleFixture();
Deno.test.afterAll(() => fixture.close());

const REUSED = "refresh_token_already_used";

const copyWithKey = async (life: SessionLife) =>
  life.copyOf(life.owner, { key: await createProofKey() });

/** A new copy of what was stolen, with another key: what a thief can make as many of as he likes. */
async function again(life: SessionLife, stolen: Browser): Promise<Browser> {
  return life.copyOf(stolen, { key: await createProofKey() });
}

const outcomeOf = (answer: Answer) => answer.status === 200 ? "granted" : codeOf(answer);

for (const firstAfterwards of ["owner", "thief"] as const) {
  Deno.test(`own key binds an unbound victim: found, the ${firstAfterwards} refreshing first`, async () => {
    const life = await beginLife(fixture, { binding: "unbound" });
    const { owner, after } = life;
    const thief = await copyWithKey(life);
    assert.equal(viewOf(await thief.refresh()).session.bound, true);
    await after(120);
    viewOf(await owner.refresh());

    const outcomes: string[] = [];
    const order = firstAfterwards === "owner" ? [owner, thief] : [thief, owner];
    await after(HOUR);
    for (const browser of order) {
      outcomes.push(outcomeOf(await browser.refresh()));
      await after(120);
    }
    assert.deepEqual(outcomes, ["granted", REUSED]);
    await assertEndedAsStolen(life);
  });
}

Deno.test("own key, owner active: refused, with an alarm", async () => {
  const life = await beginLife(fixture, { binding: "bound" });
  const thief = await copyWithKey(life);
  for (let tried = 0; tried < 5; tried += 1) {
    assert.equal(codeOf(await thief.refresh()), "proof_key_unknown");
    await life.after(600);
  }
  assert.deepEqual(await life.events(), ["proof_refused"], "no more than one an hour");
  await assertLivesOn(life);
});

Deno.test("own key, owner away for 25 hours: rebound, and ended when the owner returns", async () => {
  const life = await beginLife(fixture, { binding: "bound" });
  const { owner, after } = life;
  const thief = await copyWithKey(life);
  await after(25 * HOUR);
  viewOf(await thief.refresh());
  assert.deepEqual(await life.events(), ["rebound"]);
  await after(HOUR);
  assert.equal(codeOf(await owner.refresh()), REUSED);
  await assertEndedAsStolen(life);
  assert.equal(codeOf(await thief.refresh()), REUSED);
});

for (const rebindings of [2, 3]) {
  Deno.test(`${rebindings} keys one after the other do not flush the owner's`, async () => {
    const life = await beginLife(fixture, { binding: "bound" });
    const { owner, after } = life;
    let thief = await copyWithKey(life);
    for (let rebinding = 0; rebinding < rebindings; rebinding += 1) {
      await after(25 * HOUR);
      viewOf(await thief.refresh());
      thief = await again(life, thief);
    }
    assert.deepEqual(new Set(await life.events()), new Set(["rebound"]));
    assert.equal(codeOf(await owner.refresh()), REUSED);
    await assertEndedAsStolen(life);
  });
}

Deno.test("own key, and the owner has lost theirs: their next sign-in ends the old session", async () => {
  const life = await beginLife(fixture, { binding: "bound" });
  const { owner, after } = life;
  const thief = await copyWithKey(life);
  await after(25 * HOUR);
  viewOf(await thief.refresh());
  await after(HOUR);
  owner.key = await createProofKey();
  assert.equal(codeOf(await owner.refresh()), "proof_key_unknown");
  assert.equal((await readSession(life.sql, life.sessionId)).is_valid, true);

  const { session } = await owner.login(SEED_USERS.ada);
  assert.notEqual(session.id, life.sessionId);
  await assertEndedAsStolen(life);
  assert.equal(codeOf(await thief.refresh()), REUSED);
  viewOf(await owner.refresh());
});

/**
 * A thief presents one token after each reuse interval, and the owner comes 15 s after the last time. Answers whether
 * both hold the same successor then.
 */
async function pollUntilOwnerComes(
  { owner, after }: SessionLife,
  { thief, polls }: { readonly thief: Browser; readonly polls: number },
): Promise<boolean> {
  const stolen = new Map(thief.cookies);
  for (let polled = 0; polled < polls; polled += 1) {
    if (polled > 0) await after(AFTER_REUSE_INTERVAL_SECONDS);
    const cookie = [...stolen].map(([name, value]) => `${name}=${value}`).join("; ");
    viewOf(await thief.refresh({ headers: { cookie } }));
  }
  await after(15);
  viewOf(await owner.refresh());
  return owner.refreshToken === thief.refreshToken;
}

for (const polls of [5, 25]) {
  for (const firstAfterwards of ["owner", "thief"] as const) {
    Deno.test(`a thief who polls ${polls} times is found in the owner's next cycle, the ${firstAfterwards} refreshing first`, async () => {
      const life = await beginLife(fixture, { binding: "unbound" });
      const thief = life.copyOf(life.owner);
      assert.equal(await pollUntilOwnerComes(life, { thief, polls }), false);
      await life.after(HOUR);
      const outcomes: string[] = [];
      const { owner } = life;
      for (const browser of firstAfterwards === "owner" ? [owner, thief] : [thief, owner]) {
        outcomes.push(outcomeOf(await browser.refresh()));
        await life.after(120);
      }
      assert.deepEqual(outcomes, ["granted", REUSED]);
      await assertEndedAsStolen(life);
    });
  }
}

Deno.test("only in the first four intervals of a generation a thief shares the owner's token", async () => {
  const life = await beginLife(fixture, { binding: "unbound" });
  const thief = life.copyOf(life.owner);
  for (const polls of [1, 4]) {
    assert.equal(await pollUntilOwnerComes(life, { thief, polls }), true);
    await life.after(HOUR);
  }
  assert.equal(await pollUntilOwnerComes(life, { thief, polls: 5 }), false);
  await life.after(HOUR);
  viewOf(await life.owner.refresh());
  await life.after(120);
  assert.equal(codeOf(await thief.refresh()), REUSED);
});

Deno.test("a thief who burns all 255 branches ends the session", async () => {
  const life = await beginLife(fixture, { binding: "unbound" });
  const { owner, after } = life;
  const stolen = life.copyOf(owner);
  const outcomes: string[] = [];
  while (outcomes.at(-1) !== REUSED && outcomes.length < 300) {
    const answer = await stolen.refresh({ lost: true });
    outcomes.push(outcomeOf(answer));
    if (outcomes.length <= 5) await after(AFTER_REUSE_INTERVAL_SECONDS);
  }
  assert.equal(outcomes.length, 257, "one rotation, 255 branches, and the end");
  await assertEndedAsStolen(life);
  assert.equal(codeOf(await owner.refresh()), REUSED);
});

Deno.test("a recorded request is good for a minute, and for no other token", async (test) => {
  const { forge } = fixture;
  for (
    const [secondsLater, outcome] of [
      [5, "granted"],
      [300, "proof_required"],
      [HOUR, "proof_required"],
    ] as const
  ) {
    await test.step(`played again ${secondsLater} s later: ${outcome}`, async () => {
      const life = await beginLife(fixture, { binding: "bound" });
      const { owner, sessionId, after } = life;
      const thief = life.copyOf(owner, { key: null });
      const { generation } = await readSession(life.sql, sessionId);
      viewOf(await owner.refresh());
      await after(secondsLater);

      // Signed as it was: over a challenge that is now so much older.
      const challenge = forge.challenge({ sessionId, generation, ageSeconds: secondsLater });
      const proof = await owner.key?.prove({ route: "refresh", challenge });
      assert.ok(proof);
      const played = await thief.refresh({ proof });
      assert.equal(outcomeOf(played), outcome);
      if (outcome === "granted") {
        assert.equal(thief.refreshToken, owner.refreshToken);
        assert.equal(codeOf(await thief.refresh()), "proof_required", "bound to the owner's key");
        assert.equal(outcomeOf(await thief.refresh({ proof })), "granted", "the same token again");
      } else {
        assert.deepEqual(played.setCookies, []);
      }
      await assertLivesOn(life);
    });
  }
});

Deno.test("ever new keys hold an owner without one off four times, and no longer", async () => {
  const life = await beginLife(fixture, { binding: "unbound" });
  const { owner, after } = life;
  const stolen = life.copyOf(owner);
  const outcomes: string[] = [];
  for (let polled = 0; polled < 5; polled += 1) {
    const thief = await again(life, stolen);
    viewOf(await thief.refresh());
    await after(30);
    outcomes.push(outcomeOf(await owner.refresh()));
    await after(31);
  }
  assert.deepEqual(outcomes, [
    "proof_required",
    "proof_required",
    "proof_required",
    "proof_required",
    "granted",
  ]);
  assert.equal((await life.events()).at(-1), "reissue");
});

/** A copy of hours ago, and the session two refreshes further on. Its owner has a second device. */
async function growOld(binding: "unbound" | "bound") {
  const life = await beginLife(fixture, { binding });
  const { owner, after } = life;
  const old = life.copyOf(owner);
  for (let cycle = 0; cycle < 2; cycle += 1) {
    viewOf(await owner.refresh());
    await after(120);
    viewOf(await owner.validate());
    if (cycle === 0) await after(HOUR);
  }
  const otherDevice = openBrowser(fixture.stack);
  const otherId = (await otherDevice.login(SEED_USERS.ada)).session.id;
  return { life, old, otherDevice, otherId };
}

for (const scope of ["others", "global"] as const) {
  Deno.test(`an old token signs out nobody else, scope ${scope}`, async (test) => {
    await test.step("unbound: it proves the theft of its session", async () => {
      const { life, old, otherDevice } = await growOld("unbound");
      const answer = await old.logout(scope);
      assert.equal(answer.status, 401);
      await assertEndedAsStolen(life);
      assert.equal(viewOf(await otherDevice.validate()).valid, true);
    });
    for (const hasKey of [false, true]) {
      await test.step(`bound, the thief with ${hasKey ? "own" : "no"} key: nothing ends`, async () => {
        const { life, old, otherDevice } = await growOld("bound");
        old.key = hasKey ? await createProofKey() : null;
        const answer = await old.logout(scope);
        assert.equal(answer.status, 401);
        assert.deepEqual(answer.setCookies, []);
        assert.equal(viewOf(await otherDevice.validate()).valid, true);
        await assertLivesOn(life);
      });
    }
  });
}

Deno.test("an old access token lists and ends no device", async (test) => {
  for (const binding of ["unbound", "bound"] as const) {
    await test.step(binding, async () => {
      const { life, old, otherDevice, otherId } = await growOld(binding);
      // The same token before it expired: only its place is old.
      const stale = await unexpired(life, old);
      for (const [method, path] of [["GET", ""], ["DELETE", `/${otherId}`]] as const) {
        const answer = await stale.call(`/unified-auth/sessions${path}`, { method });
        assert.deepEqual([answer.status, codeOf(answer)], [401, "access_token_superseded"]);
        assert.deepEqual(answer.setCookies, []);
      }
      assert.equal(viewOf(await otherDevice.validate()).valid, true);
      await assertLivesOn(life);
    });
  }
});

async function unexpired({ fixture: { stack } }: SessionLife, { accessToken = "" }: Browser) {
  const { environment } = stack;
  const fresh = await backdateAccessToken(accessToken, { seconds: -5 * HOUR, environment });
  return openBrowser({ ...stack, cookies: new Map([[ACCESS_COOKIE, fresh]]) });
}

Deno.test("an old token signs out locally, and ends its session only where it proves theft", async (test) => {
  await test.step("bound: cookies cleared, the session lives", async () => {
    const { life, old } = await growOld("bound");
    old.key = null;
    const answer = await old.logout();
    assert.deepEqual(answer.body, { signed_out: true, sessions_ended: 0 });
    assert.equal(old.refreshToken, undefined);
    await assertLivesOn(life);
  });
  await test.step("unbound: ended as stolen", async () => {
    const { life, old } = await growOld("unbound");
    assert.equal((await old.logout()).status, 200);
    await assertEndedAsStolen(life);
  });
});
