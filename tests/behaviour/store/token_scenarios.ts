/**
 * A scenario for each outcome of the SQL functions about a token: its validation and its
 * rotation.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import {
  ended,
  open,
  openFork,
  openSuperseded,
  OTHER,
  OWN,
  type Scenario,
  setRole,
} from "./opened_sessions.ts";
import { createHook, HOOK, REFUSAL } from "./database_scenarios.ts";
import { contextOf, proofBy } from "../sql/sql_sessions.ts";
import { deriveSuccessor } from "../../../supabase/functions/_shared/tokens/successor.ts";
import type { StoreFixture } from "./store_fixture.ts";
import type {
  RotationOutcome,
  ValidationOutcome,
} from "../../../supabase/functions/_shared/store/session_store.ts";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";

export const VALIDATE_SESSION: Readonly<Record<ValidationOutcome, Scenario>> = {
  async active(store) {
    const { userId, newer } = await openFork(store);
    await store.admin`
      update auth.users set
        phone = '15550100',
        raw_app_meta_data = '{"provider": "email", "roles": ["ä", null], "deep": {"n": 1.5e300}}',
        raw_user_meta_data = ${
      store.admin.json({ name: '𝒜da "O\'Hara" \\ \u0001', of: newer.branch })
    }
      where id = ${userId}`;
    return await store.sessions.validate(newer);
  },
  async stale(store) {
    const { held } = await openFork(store);
    return await store.sessions.validate(held, { mayConfirm: false });
  },
  ...ended(({ sessions }, token) => sessions.validate(token)),
};

/** Proposes the place after the token's, and no other. */
async function proposeNext(store: StoreFixture, presented: GenuineRefreshToken, key = OWN) {
  const { sessions } = store;
  const salt = new Uint8Array(randomBytes(16));
  const place = { generation: presented.generation + 1, branch: 0, lineage: null };
  const { signing } = sessions.keys;
  const successor = deriveSuccessor({ predecessor: presented, ...place, key, salt }, signing);
  return await sessions.store.rotateSession({
    presented,
    proof: proofBy(key, presented),
    successor: { ...successor, salt, keyId: signing.id },
    event: "auto_refresh",
  }, { ...contextOf(), userAgent: null });
}

const rotateBy = async (
  { sessions }: StoreFixture,
  token: GenuineRefreshToken,
  key?: typeof OWN,
) => (await sessions.rotate(token, { key })).answer;

const { reused: _confirmed, ...ROTATE_ENDED } = ended(rotateBy);

export const ROTATE_SESSION: Readonly<Record<RotationOutcome, Scenario>> = {
  ...ROTATE_ENDED,
  async unchanged(store) {
    const { token, rotated } = await open(store);
    return await rotateBy(store, await rotated(token));
  },
  async rotated(store) {
    const { token } = await open(store, { key: OWN });
    return await rotateBy(store, token, OWN);
  },
  async replayed(store) {
    const { token, rotated } = await open(store, { key: OWN });
    await rotated(token);
    return await rotateBy(store, token, OWN);
  },
  async reissued(store) {
    const { old } = await openSuperseded(store, { key: OWN });
    return await rotateBy(store, old, OWN);
  },
  async throttled(store) {
    const sessions = store.under({ refreshBurst: 1, refreshIntervalSeconds: 600 });
    const { token, rotated } = await open(store, { sessions });
    const held = await rotated(token);
    const { answer } = await sessions.rotate(held);
    return answer.outcome === "throttled" ? answer : (await sessions.rotate(held)).answer;
  },
  async successor_wanted(store) {
    const { old } = await openSuperseded(store, { key: OWN });
    return await proposeNext(store, old);
  },
  async proof_required(store) {
    const { token } = await open(store, { key: OWN });
    return await rotateBy(store, token);
  },
  async proof_key_unknown(store) {
    const { token } = await open(store, { key: OWN });
    return await rotateBy(store, token, OTHER);
  },
  async reused(store) {
    const { old } = await openSuperseded(store);
    return await rotateBy(store, old);
  },
  async unknown_generation(store) {
    const { token } = await open(store);
    return await rotateBy(store, store.sessions.forge(token, { generation: 2 ** 31 - 2 }));
  },
  async key_compromise_suspected(store) {
    const { token } = await open(store);
    return await rotateBy(store, store.sessions.forge(token, { lineage: null }));
  },
  async role_not_allowed(store) {
    const { token, userId } = await open(store);
    await setRole(store.admin, userId);
    return await rotateBy(store, token);
  },
  async hook_refused(store) {
    await createHook(store.admin, REFUSAL);
    const { token } = await open(store);
    return (await store.under({ accessTokenHook: HOOK }).rotate(token)).answer;
  },
};
