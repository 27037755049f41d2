/**
 * Which tokens may end sessions, and which: a token whose place lives acts for its user; one that proves
 * theft ends its own session and nothing else.
 *
 * @module
 */

import assert from "node:assert/strict";
import { insertPerson } from "../../harness/people.ts";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import type { SessionProof } from "../../../supabase/functions/_shared/store/session_store.ts";
import type { TokenPlace } from "../../../supabase/functions/_shared/tokens/token_place.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { readEvents } from "../../harness/session_tables.ts";
import { openSqlFixture } from "./sql_fixture.ts";
import { contextOf, keyNamed, proofBy } from "./sql_sessions.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const OWN = keyNamed("own");
const OTHER = keyNamed("other");

type Key = typeof OWN;

/** A user with two sessions: one with a history, and one beside it that nothing may end by accident. */
async function openHistory({ key }: { readonly key?: Key } = {}) {
  const fixture = await openSqlFixture();
  const { sessions, admin, userId } = fixture;
  const first = await sessions.signIn(userId, { ...key ? { key } : {} });
  const beside = await sessions.signIn(userId);
  const { store } = sessions;
  const age = (seconds: number) => ageSession(admin, first.sessionId, seconds);
  const next = async (from: GenuineRefreshToken, by: Key | undefined = key) => {
    await age(HOUR);
    const { held } = await sessions.rotate(from, { key: by });
    assert.ok(held);
    return held;
  };
  return {
    ...fixture,
    first,
    beside,
    age,
    next,
    everywhere: async (proof: SessionProof, scope: "others" | "global" = "others") => {
      const answer = await store.logOutEverywhere({ proof, scope }, contextOf());
      return answer.outcome;
    },
    local: async (proof: SessionProof) => (await store.logOut(proof, contextOf())).outcome,
    endBeside: (acting: TokenPlace) =>
      store.endOwnSession({ sessionId: beside.sessionId, acting }, contextOf()),
    list: async (acting: TokenPlace) => (await store.listSessions(acting, contextOf())).outcome,
    /** Why each of the two has ended; null: it lives. */
    async ends() {
      const rows = await admin<{ id: string; reason: string | null }[]>`
        select s.id, s.revoked_reason::text as reason from public.sessions as s`;
      const reasons = new Map(rows.map(({ id, reason }) => [id, reason]));
      return [reasons.get(first.sessionId), reasons.get(beside.sessionId)];
    },
    async events() {
      const events = await readEvents(admin, first.sessionId);
      return events.filter((event) => event !== "login" && event !== "refresh");
    },
    [Symbol.asyncDispose]: fixture[Symbol.asyncDispose],
  };
}

function byRefreshToken(presented: GenuineRefreshToken, key?: Key): SessionProof {
  return { kind: "refresh_token", presented, proof: key ? proofBy(key, presented) : null };
}

function byAccessToken({ sessionId, generation, branch }: TokenPlace): SessionProof {
  return { kind: "access_token", sessionId, generation, branch };
}

Deno.test("a refresh token that the rule would continue ends the others", async (t) => {
  await t.step(
    "without a key: the current one, its predecessor in the reuse interval",
    async () => {
      await using history = await openHistory();
      const held = await history.next(history.first);
      assert.equal(await history.everywhere(byRefreshToken(held)), "ended");
      assert.deepEqual(await history.ends(), [null, "logout_others"]);
      assert.equal(await history.everywhere(byRefreshToken(history.first), "global"), "ended");
      assert.deepEqual(await history.ends(), ["logout_global", "logout_others"]);
    },
  );
  await t.step("with the session's key, any of them", async () => {
    await using history = await openHistory({ key: OWN });
    await history.next(await history.next(history.first));
    assert.equal(await history.everywhere(byRefreshToken(history.first, OWN)), "ended");
    assert.deepEqual(await history.ends(), [null, "logout_others"]);
  });
});

Deno.test("a refresh token that proves theft ends its own session and nothing else", async (t) => {
  for (const scope of ["others", "global"] as const) {
    await t.step(`an older one, ${scope}`, async () => {
      await using history = await openHistory();
      await history.next(await history.next(history.first));
      assert.equal(await history.everywhere(byRefreshToken(history.first), scope), "reused");
      assert.deepEqual(await history.ends(), ["reused", null]);
      assert.deepEqual(await history.events(), ["reuse_detected"]);
    });
  }
  await t.step("the former key's, after another took over", async () => {
    await using history = await openHistory({ key: OWN });
    await history.age(DAY);
    await history.next(history.first, OTHER);
    assert.equal(await history.everywhere(byRefreshToken(history.first, OWN)), "reused");
    assert.deepEqual(await history.ends(), ["reused", null]);
  });
});

Deno.test("a copied token of a bound session ends nothing, no matter whose key comes with it", async () => {
  await using history = await openHistory({ key: OWN });
  const held = await history.next(history.first);
  await history.age(2 * DAY); // even a session that another key may take over
  for (const token of [history.first, held]) {
    assert.equal(await history.everywhere(byRefreshToken(token)), "proof_required");
    assert.equal(await history.everywhere(byRefreshToken(token, OTHER)), "proof_key_unknown");
  }
  const { sessions } = history;
  const forged = sessions.forge(held);
  assert.equal(await history.everywhere(byRefreshToken(forged, OWN)), "not_allowed");
  const ahead = sessions.forge(held, { generation: 9 });
  assert.equal(await history.everywhere(byRefreshToken(ahead, OWN)), "not_allowed");
  assert.deepEqual(await history.ends(), [null, null]);
  assert.deepEqual(await history.events(), ["proof_refused", "key_compromise_suspected"]);
});

Deno.test("an access token acts from a place that lives, and is stale from any other", async () => {
  await using history = await openHistory();
  const { sessions, first } = history;
  const older = await history.next(first);
  await history.age(61);
  const { held: newer } = await sessions.rotate(first);
  assert.ok(newer);
  for (const token of [first, older, newer]) assert.equal(await history.list(token), "active");

  await history.age(61);
  await sessions.validate(newer); // so that both branches are in use
  const third = await history.next(newer);
  const lost = older;
  for (
    const place of [lost, first, { ...third, branch: 3 }, { ...third, generation: 9 }]
  ) {
    assert.equal(await history.list(place), "stale");
    assert.equal(await history.everywhere(byAccessToken(place)), "stale");
    assert.equal(await history.everywhere(byAccessToken(place), "global"), "stale");
    assert.deepEqual(await history.endBeside(place), { acting: "stale" });
  }
  assert.deepEqual(await history.ends(), [null, null]);
  for (const place of [newer, third]) assert.equal(await history.list(place), "active");
  assert.deepEqual(await history.endBeside(third), { acting: "active", outcome: "ended" });
  assert.equal(await history.everywhere(byAccessToken(third)), "ended");
  assert.deepEqual(await history.ends(), [null, "revoked_by_user"]);
});

Deno.test("a superseded branch's access token is stale as soon as the newer one is confirmed", async () => {
  await using history = await openHistory();
  const { sessions, first } = history;
  const older = await history.next(first);
  await history.age(61);
  const { held: newer } = await sessions.rotate(first);
  assert.ok(newer);
  await history.age(61);
  await sessions.validate(newer);
  assert.equal(await history.list(older), "stale");
  assert.equal(await history.list(newer), "active");
});

Deno.test("the list does not show the acting token when its session is refreshed", async () => {
  await using history = await openHistory();
  const { first, sessions, admin } = history;
  const asked = async () => {
    const answer = await sessions.store.listSessions(first, contextOf());
    assert.equal(answer.outcome, "active");
    const [own] = answer.sessions;
    assert.equal(own?.sessionId, first.sessionId, "its own session comes first");
    assert.equal(own.lastActiveAt.getTime(), answer.serverTime.getTime());
    return Object.keys(own).toSorted();
  };
  await admin`update public.sessions set last_active_at = now() - interval '20 minutes'
    where id = ${first.sessionId}`;
  const fields = await asked();
  await history.next(first);
  assert.deepEqual(await asked(), fields);
  assert.ok(!fields.includes("refreshTokenExpiresAt"));
});

Deno.test("signing out locally takes less: of a session without a key, any genuine token", async (t) => {
  const ended = ["older", "lost"];
  for (const position of ["current", "predecessor", "superseded", "older", "lost"] as const) {
    await t.step(`${position}`, async () => {
      await using history = await openHistory();
      const { first, sessions } = history;
      let token = first;
      let held = await history.next(first);
      if (position === "current") token = held;
      if (position === "older") held = await history.next(held);
      if (position === "superseded" || position === "lost") {
        token = held;
        for (let branch = 0; branch < (position === "lost" ? 2 : 1); branch++) {
          await history.age(61);
          const forked = await sessions.rotate(first);
          assert.ok(forked.held);
          held = forked.held;
        }
        await history.age(61);
        await sessions.validate(held);
      }
      const outcome = ended.includes(position) ? "reused" : "ended";
      assert.equal(await history.local(byRefreshToken(token)), outcome);
      assert.deepEqual(await history.ends(), [outcome === "ended" ? "logout" : outcome, null]);
      assert.equal(
        (await history.events()).at(-1),
        outcome === "ended" ? "logout" : "reuse_detected",
      );
    });
  }
});

Deno.test("signing out locally of a bound session takes a kept hash or the session's key", async (t) => {
  const openBound = async () => {
    const history = await openHistory({ key: OWN });
    const second = await history.next(history.first);
    return Object.assign(history, { second, third: await history.next(second) });
  };
  for (const position of ["third", "second"] as const) {
    await t.step(`a kept hash without a proof: ${position}`, async () => {
      await using history = await openBound();
      assert.equal(await history.local(byRefreshToken(history[position])), "ended");
      assert.deepEqual(await history.ends(), ["logout", null]);
    });
  }
  await t.step("an old one with the key", async () => {
    await using history = await openBound();
    assert.equal(await history.local(byRefreshToken(history.first, OWN)), "ended");
  });
  await t.step("one that a restored database has forgotten, with the key", async () => {
    await using history = await openBound();
    const forgotten = history.sessions.forge(history.third, { generation: 5 });
    assert.equal(await history.local(byRefreshToken(forgotten)), "not_allowed");
    assert.equal(await history.local(byRefreshToken(forgotten, OWN)), "ended");
  });
  await t.step("not an old one without the key, with another, or with a wrong hash", async () => {
    await using history = await openBound();
    const { first, third, sessions } = history;
    assert.equal(await history.local(byRefreshToken(first)), "proof_required");
    assert.equal(await history.local(byRefreshToken(first, OTHER)), "proof_key_unknown");
    assert.equal(await history.local(byRefreshToken(sessions.forge(third), OWN)), "not_allowed");
    const unbound = { ...first, key: null }; // of before the first key
    assert.equal(await history.local(byRefreshToken(unbound)), "not_allowed");
    assert.deepEqual(await history.ends(), [null, null]);
  });
  await t.step("an access token of a place that is gone is stale", async () => {
    await using history = await openBound();
    assert.equal(await history.local(byAccessToken(history.first)), "stale");
    assert.equal(await history.local(byAccessToken(history.second)), "ended");
  });
});

Deno.test("an access token signs its own session out, however old, where there is no key", async () => {
  await using history = await openHistory();
  await history.next(await history.next(history.first));
  assert.equal(await history.local(byAccessToken(history.first)), "ended");
  assert.deepEqual(await history.ends(), ["logout", null]);
  assert.equal(await history.local(byAccessToken(history.first)), "already_ended");
  assert.equal(await history.everywhere(byAccessToken(history.first)), "already_ended");
});

Deno.test("nobody ends a session of somebody else", async () => {
  await using history = await openHistory();
  const { sessions, admin, first } = history;
  const otherUser = await sessions.signIn(await insertPerson(admin));
  const answer = await sessions.store.endOwnSession(
    { sessionId: first.sessionId, acting: otherUser },
    contextOf(),
  );
  assert.deepEqual(answer, { acting: "active", outcome: "not_found" });
  assert.deepEqual(await history.ends(), [null, null]);
});
