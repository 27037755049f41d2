/**
 * What time does to honest browsers, and must never end a session: tabs that race, replies that are
 * lost or late, crashes, server rendering.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Browser, codeOf, viewOf } from "../http/browser.ts";
import { describeBenign } from "./benign.ts";
import { beginLife, HOUR, readSession, type SessionLife } from "./session_life.ts";
import { openWorld } from "./world.ts";

const world = await openWorld();
const benign = describeBenign(world);

benign("two tabs that refresh at once get the same token", async ({ owner, events }) => {
  const [first, second] = await Promise.all([owner.refresh(), owner.refresh()]);
  const tokens = [first, second].map((answer) => {
    viewOf(answer);
    owner.keep(answer);
    return owner.refreshToken;
  });
  assert.equal(tokens[0], tokens[1]);
  assert.deepEqual(await events(), ["refresh", "replay"]);
});

benign("two tabs may get their replies in the other order", async ({ owner }) => {
  const first = await owner.refresh({ lost: true });
  const second = await owner.refresh({ lost: true });
  owner.keep(second);
  viewOf(await owner.validate());
  owner.keep(first);
  viewOf(await owner.validate());
});

for (const how of ["refresh", "validate"] as const) {
  benign(`a lost reply is made good after 5 s, by ${how}`, async ({ owner, after, events }) => {
    viewOf(await owner[how]({ lost: true }));
    await after(5);
    assert.equal(viewOf(await owner[how]()).refreshed, true);
    assert.equal((await events()).at(-1), "replay");
  });

  benign(`a lost reply is made good after 2 h, by ${how}`, async ({ owner, after, events }) => {
    viewOf(await owner[how]({ lost: true }));
    await after(2 * HOUR);
    assert.equal(viewOf(await owner[how]()).refreshed, true);
    assert.equal((await events()).at(-1), "reissue");
  });

  benign(`two replies lost over hours are made good, by ${how}`, async ({ owner, after }) => {
    for (const hours of [2, 3]) {
      viewOf(await owner[how]({ lost: true }));
      await after(hours * HOUR);
    }
    viewOf(await owner[how]());
  });

  benign(`ten replies lost over a day are made good, by ${how}`, async ({ owner, after }) => {
    for (let lost = 0; lost < 10; lost += 1) {
      viewOf(await owner[how]({ lost: true }));
      await after(2.4 * HOUR);
    }
    viewOf(await owner[how]());
  });
}

benign("a third tab may be 12 s late", async (life) => {
  const { owner, after, events } = life;
  const lateTab = life.copyOf(owner);
  await Promise.all([owner.refresh(), owner.refresh()].map(async (answer) => viewOf(await answer)));
  await after(12);
  const late = await lateTab.refresh();
  viewOf(late);
  assert.equal(lateTab.refreshToken, owner.refreshToken);
  owner.keep(late);
  assert.deepEqual(await events(), ["refresh", "replay", "replay"]);
});

benign("a duplicate of a request may be 45 s late", async (life) => {
  const { owner, after } = life;
  const duplicate = life.copyOf(owner);
  viewOf(await owner.refresh());
  await after(45);
  viewOf(await duplicate.refresh());
  assert.equal(duplicate.refreshToken, owner.refreshToken);
});

for (const secondsBeforeCrash of [1, 25, 59]) {
  benign(
    `a crash ${secondsBeforeCrash} s after a refresh brings the old cookie back, 2 h later`,
    async (life) => {
      const onDisk = life.copyOf(life.owner);
      viewOf(await life.owner.refresh());
      await life.after(secondsBeforeCrash);
      viewOf(await life.owner.validate());
      await life.after(2 * HOUR);
      viewOf(await onDisk.validate());
      return onDisk;
    },
  );
}

benign("a crash brings back the cookie of a branch that nobody has used", async (life) => {
  const { owner, after } = life;
  const late = life.copyOf(owner);
  viewOf(await owner.refresh());
  const onDisk = life.copyOf(owner);
  await after(120);
  owner.keep(await late.refresh());
  await after(20);
  viewOf(await owner.validate());
  await after(2 * HOUR);
  viewOf(await onDisk.validate());
  return onDisk;
});

benign("a page rendered by the server may use a token whose cookies are lost", async (life) => {
  const { owner, after, events } = life;
  const server = life.copyOf(owner);
  assert.equal(viewOf(await server.validate()).refreshed, true);
  assert.equal(viewOf(await server.validate()).refreshed, false);
  await after(3);
  viewOf(await owner.validate());
  assert.equal(owner.refreshToken, server.refreshToken);
  assert.deepEqual(await events(), ["auto_refresh", "replay"]);
});

benign("a browser may follow 40 s after the server that rendered for it", async (life) => {
  const { owner, after, events } = life;
  const server = life.copyOf(owner);
  viewOf(await server.validate());
  await after(38);
  viewOf(await server.validate());
  await after(2);
  viewOf(await owner.refresh());
  assert.equal(owner.refreshToken, server.refreshToken);
  assert.deepEqual(await events(), ["auto_refresh", "replay"]);
});

benign("a browser may follow hours after the server that rendered for it", async (life) => {
  const server = life.copyOf(life.owner);
  viewOf(await server.validate());
  viewOf(await server.validate());
  await life.after(3 * HOUR);
  viewOf(await life.owner.validate());
});

/** The page was asked for with the cookies of before, and what the render was given is lost. */
async function renderWhileATabRefreshes(life: SessionLife, server: Browser): Promise<void> {
  viewOf(await life.owner.refresh());
  await life.after(5);
  assert.equal(viewOf(await server.validate()).refreshed, true);
  await life.after(HOUR);
}

benign(
  "a server that forwards the visitor's user agent may render while a tab refreshes",
  async (life) => {
    await renderWhileATabRefreshes(life, life.copyOf(life.owner));
    viewOf(await life.owner.refresh());
  },
);

Deno.test("a server that asks with a user agent of its own is taken for a thief", async (test) => {
  for (const beginning of ["fresh", "confirmed"] as const) {
    await test.step(`a ${beginning} session`, async () => {
      const life = await beginLife(world, beginning);
      await renderWhileATabRefreshes(life, life.copyOf(life.owner, { userAgent: "node" }));
      assert.equal(codeOf(await life.owner.refresh()), "refresh_token_already_used");
      const { revoked_reason } = await readSession(life.sql, life.sessionId);
      assert.equal(revoked_reason, "reused");
    });
  }
});

for (const delivery of ["delivered", "lost"] as const) {
  for (const heartbeats of [0, 9]) {
    benign(
      `a duplicate two minutes late, its reply ${delivery}, ${heartbeats} heartbeats later`,
      async (life) => {
        const { owner, after, sql, sessionId } = life;
        const duplicate = life.copyOf(owner);
        viewOf(await owner.refresh());
        await after(30);
        viewOf(await owner.validate());
        await after(90);
        const late = await duplicate.refresh();
        viewOf(late);
        assert.notEqual(duplicate.refreshToken, owner.refreshToken);
        if (delivery === "delivered") owner.keep(late);
        for (let sent = 0; sent < heartbeats; sent += 1) {
          await after(300);
          assert.equal(viewOf(await owner.validate()).refreshed, false);
        }
        const { branch, confirmed_at } = await readSession(sql, sessionId);
        assert.equal(branch, 1);
        assert.equal(confirmed_at !== null, delivery === "delivered" && heartbeats > 0);
      },
    );
  }
}

Deno.test({
  name: "the world of the honest browsers ends",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: world.close,
});
