/**
 * Honest browsers over time, whose sessions must never end: tabs that race, replies that are
 * lost or late, crashes, server rendering.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Browser, CHROME, codeOf, viewOf } from "../../behaviour/http/browser.ts";
import { askUntilAnswered, assertEventOfEach } from "../fault/crowd.ts";
import { describeBenign } from "./benign.ts";
import { openScheduleFixture } from "./schedule_fixture.ts";
import {
  assertEndedAsStolen,
  assertLivesOn,
  beginLife,
  DAY,
  HOUR,
  readSession,
  type SessionLife,
} from "./session_life.ts";

const fixture = await openScheduleFixture();
Deno.test.afterAll(() => fixture.close());
const benign = describeBenign(fixture);

/** A token of the generation before is answered again while its salt is kept: with a key, always. */
const answeredAgain = ({ binding }: SessionLife) => binding === "unbound" ? "reissue" : "replay";

/**
 * Of requests that race, one rotates and the others are answered its successor. With a key, one that was
 * overtaken signs a new challenge, and may present that successor already.
 */
async function assertOneRotation(life: SessionLife, count: number): Promise<void> {
  const [first, ...others] = await life.events();
  assert.equal(first, "refresh");
  assert.equal(others.length, count - 1);
  const expected = life.binding === "unbound" ? ["replay"] : ["replay", "refresh"];
  assert.ok(others.every((event) => expected.includes(event)), others.join());
}

benign("two tabs that refresh at once get the same token", async (life) => {
  const { owner } = life;
  const [first, second] = await Promise.all([owner.refresh(), owner.refresh()]);
  const tokens = [first, second].map((answer) => {
    viewOf(answer);
    owner.keep(answer);
    return owner.refreshToken;
  });
  assert.equal(tokens[0], tokens[1]);
  await assertOneRotation(life, 2);
});

benign("two tabs may get their replies in the other order", async ({ owner }) => {
  const first = await owner.refresh({ lost: true });
  const second = await owner.refresh({ lost: true });
  owner.keep(second);
  viewOf(await owner.validate());
  owner.keep(first);
  viewOf(await owner.validate());
});

benign("two user agents in one jar race, and their replies are reordered", async (life) => {
  const { owner } = life;
  const other = life.copyOf(owner, { userAgent: CHROME });
  const answers = await Promise.all(
    [owner, other, owner, other].map((tab) => tab.refresh({ lost: true })),
  );
  for (const answer of answers.toReversed()) {
    viewOf(answer);
    owner.keep(answer);
  }
  viewOf(await owner.validate({ headers: { "user-agent": CHROME } }));
  await assertOneRotation(life, 4);
});

benign("a resource server may still present the older branch", async (life) => {
  const { owner, after } = life;
  const early = life.copyOf(owner);
  const late = life.copyOf(owner);
  viewOf(await early.refresh());
  await after(120);
  viewOf(await late.refresh());
  for (const [name, value] of late.cookies) owner.cookies.set(name, value);
  owner.challenge = late.challenge;

  const presentEarly = () =>
    openResource(early).call("/validate-session", {
      headers: { authorization: `Bearer ${early.accessToken}` },
    });
  assert.equal((await presentEarly()).status, 200, "nobody has used the newer branch yet");
  await after(90);
  viewOf(await owner.validate());
  const answer = await presentEarly();
  if (life.binding === "unbound") {
    assert.equal(codeOf(answer), "access_token_superseded");
    assert.deepEqual(answer.setCookies, []);
  } else {
    assert.equal(answer.status, 200, "a key is answered the same branch again");
  }
});

/** Holds no cookie: it was handed an access token. */
const openResource = (browser: Browser) => browser.copy({ cookies: new Map(), key: null });

for (const how of ["refresh", "validate"] as const) {
  benign(`a lost reply is made good after 5 s, by ${how}`, async ({ owner, after, events }) => {
    viewOf(await owner[how]({ lost: true }));
    await after(5);
    assert.equal(viewOf(await owner[how]()).refreshed, true);
    assert.equal((await events()).at(-1), "replay");
  });

  benign(`a lost reply is made good after 2 h, by ${how}`, async (life) => {
    const { owner, after, events } = life;
    viewOf(await owner[how]({ lost: true }));
    await after(2 * HOUR);
    assert.equal(viewOf(await owner[how]()).refreshed, true);
    assert.equal((await events()).at(-1), answeredAgain(life));
  });

  benign(`two replies lost over hours are made good, by ${how}`, async ({ owner, after }) => {
    for (const hours of [2, 3]) {
      viewOf(await owner[how]({ lost: true }));
      await after(hours * HOUR);
    }
    viewOf(await owner[how]());
  });
}

benign("two replies lost over hours, then three tabs at once", async ({ owner, after }) => {
  for (const hours of [2, 3]) {
    viewOf(await owner.refresh({ lost: true }));
    await after(hours * HOUR);
  }
  const answers = await Promise.all([1, 2, 3].map(() => owner.refresh({ lost: true })));
  for (const answer of answers.toReversed()) {
    viewOf(answer);
    owner.keep(answer);
  }
});

benign("twenty replies lost in a row are made good", async ({ owner, after }) => {
  for (let lost = 0; lost < 20; lost += 1) {
    viewOf(await owner.refresh({ lost: true }));
    await after(2.4 * HOUR);
  }
  viewOf(await owner.refresh());
});

Deno.test("five replies lost in one generation, then four tabs at once", async (test) => {
  const loseFive = async (life: SessionLife) => {
    for (let lost = 0; lost < 5; lost += 1) {
      viewOf(await life.owner.refresh({ lost: true }));
      await life.after(90);
    }
    const answers = [];
    for (let tab = 0; tab < 4; tab += 1) answers.push(await life.owner.refresh({ lost: true }));
    return answers;
  };
  for (const binding of ["first key", "bound"] as const) {
    await test.step(`${binding}: each of the four replies may arrive last`, async () => {
      const life = await beginLife(fixture, { binding });
      const [first] = await loseFive(life);
      assert.ok(first);
      life.owner.keep(first);
      await life.after(HOUR);
      viewOf(await life.owner.refresh());
    });
  }
  // docs/security.md, sessions without a key: past the fourth branch nothing is merged.
  for (
    const [arrivesLast, code] of [[3, null], [2, null], [1, "refresh_token_already_used"]] as const
  ) {
    await test.step(`unbound: reply ${arrivesLast + 1} of four arrives last`, async () => {
      const life = await beginLife(fixture, { binding: "unbound" });
      const answers = await loseFive(life);
      const last = answers[arrivesLast];
      assert.ok(last);
      viewOf(last);
      life.owner.keep(last);
      await life.after(HOUR);
      const answer = await life.owner.refresh();
      assert.equal(answer.status === 200 ? null : codeOf(answer), code);
    });
  }
});

benign("a replay late in the reuse interval may itself come twice", async (life) => {
  const { owner, after } = life;
  const double = life.copyOf(owner);
  viewOf(await owner.refresh({ lost: true }));
  await after(50);
  viewOf(await owner.refresh());
  await after(18);
  viewOf(await owner.validate());
  assert.equal((await readSession(life.sql, life.sessionId)).confirmed_at, null);
  await after(10);
  viewOf(await double.refresh());
});

benign("a third tab may be 12 s late", async (life) => {
  const { owner, after } = life;
  const lateTab = life.copyOf(owner);
  await Promise.all([owner.refresh(), owner.refresh()].map(async (answer) => viewOf(await answer)));
  await after(12);
  const late = await lateTab.refresh();
  viewOf(late);
  assert.equal(lateTab.refreshToken, owner.refreshToken);
  owner.keep(late);
  await assertOneRotation(life, 3);
});

benign("a duplicate of a request may be 45 s late", async (life) => {
  const { owner, after } = life;
  const duplicate = life.copyOf(owner);
  viewOf(await owner.refresh());
  await after(45);
  viewOf(await duplicate.refresh());
  assert.equal(duplicate.refreshToken, owner.refreshToken);
});

for (const secondsBeforeCrash of [1, 30, 59]) {
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

/** Three refreshes, each seen in use; answers the browser as a backup of hours ago has it. */
async function fallBehind(life: SessionLife): Promise<Browser> {
  const onDisk = life.copyOf(life.owner);
  for (let cycle = 0; cycle < 3; cycle += 1) {
    viewOf(await life.owner.refresh());
    await life.after(400);
    viewOf(await life.owner.validate());
    await life.after(HOUR);
  }
  return onDisk;
}

benign("cookies that are hours old come back", async (life) => {
  const onDisk = await fallBehind(life);
  viewOf(await onDisk.refresh());
  assert.equal((await life.events()).at(-1), "reissue");
  return onDisk;
}, ["bound"]);

Deno.test("cookies that are hours old, without a key, are taken for stolen", async () => {
  const life = await beginLife(fixture, { binding: "unbound" });
  const onDisk = await fallBehind(life);
  assert.equal(codeOf(await onDisk.refresh()), "refresh_token_already_used");
  await assertEndedAsStolen(life);
});

Deno.test("a hundred tabs wake with cookies of an older generation", async () => {
  const life = await beginLife(fixture, { binding: "bound" });
  const onDisk = await fallBehind(life);
  const before = (await life.events()).length;
  const asked = await Promise.all(
    Array.from({ length: 100 }, () => askUntilAnswered(() => onDisk.refresh({ lost: true }))),
  );
  for (const { answer } of asked) {
    viewOf(answer);
    onDisk.keep(answer);
  }
  const events = (await life.events()).slice(before);
  assertEventOfEach(events, asked);
  assert.deepEqual(new Set(events), new Set(["reissue"]));
  await assertLivesOn(life, onDisk);
});

const KEYLESS_YET = ["unbound", "first key"] as const;

benign("a page rendered by the server may use a token whose cookies are lost", async (life) => {
  const { owner, after, events } = life;
  const server = life.copyOf(owner, { key: null });
  assert.equal(viewOf(await server.validate()).refreshed, true);
  assert.equal(viewOf(await server.validate()).refreshed, false);
  await after(3);
  viewOf(await owner.validate());
  assert.equal(owner.refreshToken, server.refreshToken);
  assert.deepEqual(await events(), ["auto_refresh", "replay"]);
}, KEYLESS_YET);

benign("a browser may follow 40 s after the server that rendered for it", async (life) => {
  const { owner, after, events } = life;
  const server = life.copyOf(owner, { key: null });
  viewOf(await server.validate());
  await after(38);
  viewOf(await server.validate());
  await after(2);
  viewOf(await owner.refresh());
  assert.equal(owner.refreshToken, server.refreshToken);
  assert.deepEqual(await events(), ["auto_refresh", "replay"]);
}, KEYLESS_YET);

benign("a browser may follow hours after the server that rendered for it", async (life) => {
  const server = life.copyOf(life.owner, { key: null });
  viewOf(await server.validate());
  viewOf(await server.validate());
  await life.after(3 * HOUR);
  viewOf(await life.owner.validate());
}, KEYLESS_YET);

for (const userAgent of [undefined, "node"]) {
  const agent = userAgent === undefined ? "the visitor's user agent" : "another user agent";
  benign(`a server that renders with ${agent} while a tab refreshes`, async (life) => {
    const server = life.copyOf(life.owner, { key: null, ...(userAgent && { userAgent }) });
    viewOf(await life.owner.refresh());
    await life.after(5);
    assert.equal(viewOf(await server.validate()).refreshed, true);
    await life.after(HOUR);
    viewOf(await life.owner.refresh());
  }, ["unbound"]);
}

for (const delivery of ["delivered", "lost"] as const) {
  for (const heartbeats of [0, 9]) {
    benign(
      `a duplicate two minutes late, its reply ${delivery}, ${heartbeats} heartbeats later`,
      async (life) => {
        const { owner, after, sql, sessionId } = life;
        const isUnbound = life.binding === "unbound";
        const duplicate = life.copyOf(owner);
        viewOf(await owner.refresh());
        await after(30);
        viewOf(await owner.validate());
        await after(90);
        const late = await duplicate.refresh();
        viewOf(late);
        assert.equal(duplicate.refreshToken !== owner.refreshToken, isUnbound);
        if (delivery === "delivered") owner.keep(late);
        for (let sent = 0; sent < heartbeats; sent += 1) {
          await after(300);
          assert.equal(viewOf(await owner.validate()).refreshed, false);
        }
        const { branch, confirmed_at } = await readSession(sql, sessionId);
        assert.equal(branch, isUnbound ? 1 : 0);
        const isConfirmed = isUnbound && delivery === "delivered" && heartbeats > 0;
        assert.equal(confirmed_at !== null, isConfirmed);
      },
    );
  }
}

benign("somebody comes back after weeks", async ({ owner, after }) => {
  await after(25 * DAY);
  viewOf(await owner.validate());
});
