/**
 * A login and the session whose cookie came with it: a browser keeps its one place, and a
 * session that the rule would not have continued ends as reused.
 *
 * @module
 */

import assert from "node:assert/strict";
import { insertPerson } from "../../harness/people.ts";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { openSqlFixture } from "./sql_fixture.ts";
import { keyNamed, type SignInOptions } from "./sql_sessions.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const OWN = keyNamed("own");
const OTHER = keyNamed("other");

async function openLogins(options: SignInOptions = {}) {
  const fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  const first = await sessions.signIn(userId, options);
  const age = (seconds: number) => ageSession(admin, first.sessionId, seconds);
  return {
    ...fixture,
    first,
    age,
    async next(from: GenuineRefreshToken, key = options.key) {
      await age(HOUR);
      const { held } = await sessions.rotate(from, { key });
      assert.ok(held);
      return held;
    },
    /** Signs in with that cookie; answers why its session has ended, null if it lives. */
    async endBy(presented: GenuineRefreshToken, how: { key?: typeof OWN; userId?: string } = {}) {
      const { userId: who = userId, ...rest } = how;
      const { answer } = await sessions.create(who, { presented, ...rest });
      assert.ok(answer.outcome === "created");
      const [row] = await admin<{ reason: string | null }[]>`
        select s.revoked_reason::text as reason from public.sessions as s
        where s.id = ${first.sessionId}`;
      assert.equal(answer.replaced, row?.reason ? 1 : 0);
      return row?.reason;
    },
    [Symbol.asyncDispose]: fixture[Symbol.asyncDispose],
  };
}

Deno.test("a login replaces the session that its browser held", async (t) => {
  const cases = [
    ["without a key", {}, {}],
    ["with its key", { key: OWN }, { key: OWN }],
    ["with its key lost and no other", { key: OWN }, {}],
  ] as const;
  for (const [name, options, how] of cases) {
    await t.step(name, async () => {
      await using logins = await openLogins(options);
      assert.equal(await logins.endBy(await logins.next(logins.first), how), "replaced");
    });
  }
  await t.step("of a token that a restored database has forgotten", async () => {
    await using logins = await openLogins();
    const forgotten = logins.sessions.forge(logins.first, { generation: 3 });
    assert.equal(await logins.endBy(forgotten), "replaced");
  });
  await t.step("of an old token with the session's key", async () => {
    await using logins = await openLogins({ key: OWN });
    await logins.next(await logins.next(logins.first));
    assert.equal(await logins.endBy(logins.first, { key: OWN }), "replaced");
  });
});

Deno.test("a login ends the session of a copied token as reused", async (t) => {
  await t.step("an owner who was away and lost his key, after a thief took over", async () => {
    await using logins = await openLogins({ key: OWN });
    await logins.age(2 * DAY);
    await logins.next(logins.first, OTHER);
    const newKey = keyNamed("new");
    assert.equal(await logins.endBy(logins.first, { key: newKey }), "reused");
  });
  await t.step("the former key's", async () => {
    await using logins = await openLogins({ key: OWN });
    await logins.age(2 * DAY);
    await logins.next(logins.first, OTHER);
    assert.equal(await logins.endBy(logins.first, { key: OWN }), "reused");
  });
  await t.step("an older token without a key", async () => {
    await using logins = await openLogins();
    await logins.next(await logins.next(logins.first));
    assert.equal(await logins.endBy(logins.first), "reused");
    const [event] = await logins.admin<{ events: number }[]>`
      select count(*)::integer as events from public.session_events where event = 'reuse_detected'`;
    assert.equal(event?.events, 1);
  });
});

Deno.test("a wrong hash ends nothing at a login either, and is the alarm", async () => {
  await using logins = await openLogins();
  const { sessions, admin } = logins;
  assert.equal(await logins.endBy(sessions.forge(logins.first)), null);
  const [row] = await admin<{ alarms: number }[]>`
    select count(*)::integer as alarms from public.session_events
    where event = 'key_compromise_suspected'`;
  assert.equal(row?.alarms, 1);
});

Deno.test("another user's login ends the session only by a token whose hash is kept", async () => {
  await using logins = await openLogins();
  const userId = await insertPerson(logins.admin);
  const held = await logins.next(await logins.next(logins.first));
  const ahead = logins.sessions.forge(held, { generation: 9 });
  for (const presented of [logins.first, ahead]) {
    assert.equal(await logins.endBy(presented, { userId }), null);
  }
  assert.equal(await logins.endBy(held, { userId }), "replaced");
});

Deno.test("a session knows the key and the lineage that its login chose", async () => {
  await using logins = await openLogins({ key: OWN });
  const [row] = await logins.admin<{ key: string; lineage: string }[]>`
    select encode(key_thumbprint, 'hex') as key, encode(lineage, 'hex') as lineage
    from public.sessions`;
  assert.deepEqual({ ...row }, { key: OWN.toHex(), lineage: logins.first.lineage?.toHex() });
});
