/**
 * Validates of one moment travel together over either store, and each is answered as if it were alone.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ValidationOutcome } from "../../../supabase/functions/_shared/store/session_store.ts";
import type { TokenPlace } from "../../../supabase/functions/_shared/tokens/token_place.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { contextOf } from "../sql/sql_sessions.ts";
import { ENDS, open, openFork } from "./opened_sessions.ts";
import { openStore, type StoreFixture, testEachStore } from "./store_fixture.ts";

const PLACES: Readonly<
  Record<ValidationOutcome, (store: StoreFixture) => Promise<TokenPlace>>
> = {
  active: async (store) => (await openFork(store)).newer,
  stale: async (store) => (await openFork(store)).held,
  ...ENDS,
};

testEachStore("validates of one moment are each given their own answer", async (kind) => {
  await using store = await openStore(kind);
  const asked: { readonly outcome: string; readonly place: TokenPlace }[] = [];
  for (const [outcome, openPlace] of Object.entries(PLACES)) {
    for (let copy = 0; copy < 3; copy += 1) {
      asked.push({ outcome, place: await openPlace(store) });
    }
  }
  await store.admin`delete from public.session_events`;
  const answers = await Promise.all(
    asked.map(({ place }, index) =>
      store.sessions.store.validateSession(
        { ...place, mayConfirm: true },
        { ...contextOf(), requestId: `request "${index}"` },
      )
    ),
  );
  assert.deepEqual(answers.map(({ outcome }) => outcome), asked.map(({ outcome }) => outcome));
  for (const [index, answer] of answers.entries()) {
    if (answer.outcome !== "active") continue;
    assert.equal(answer.session.sessionId, asked[index]?.place.sessionId);
  }
  const events = await store.admin<{ id: string; request: string }[]>`
    select session_id as id, request_id as request from public.session_events
    where event = 'used_after_revocation'`;
  assert.ok(events.length > 0, "somebody used a session that has ended");
  for (const { id, request } of events) {
    const index = asked.findIndex(({ place }) => place.sessionId === id);
    assert.equal(request, `request "${index}"`, "each call brings its context");
  }
});

testEachStore("validates of one moment keep to their policies", async (kind) => {
  await using store = await openStore(kind);
  const policies = [60, 86_400].map((activityIntervalSeconds) =>
    store.under({ activityIntervalSeconds })
  );
  const asked = await Promise.all(Array.from({ length: 8 }, async (_, index) => {
    const { token } = await open(store);
    await ageSession(store.admin, token.sessionId, 3_600);
    return { token, policy: index % 2 };
  }));
  await Promise.all(asked.map(({ token, policy }) => policies[policy]?.validate(token)));
  for (const { token, policy } of asked) {
    const [row] = await store.admin`
      select last_active_at > now() - interval '30 minutes' as written
      from public.sessions where id = ${token.sessionId}`;
    assert.equal(row?.["written"], policy === 0, "activity is written by the shorter interval");
  }
});

testEachStore(
  "a database that cannot take many validates at once yet answers each",
  async (kind) => {
    await using store = await openStore(kind);
    await store.admin`drop type public.unified_auth_validation cascade`;
    const tokens = await Promise.all(
      Array.from({ length: 8 }, async () => (await open(store)).token),
    );
    for (const moment of ["the first", "the next"]) {
      const answers = await Promise.all(
        tokens.map(({ sessionId, generation, branch }) =>
          store.sessions.store.validateSession(
            { sessionId, generation, branch, mayConfirm: true },
            contextOf(),
          )
        ),
      );
      assert.deepEqual(
        answers.map((answer) => answer.outcome === "active" && answer.session.sessionId),
        tokens.map(({ sessionId }) => sessionId),
        moment,
      );
    }
  },
);
