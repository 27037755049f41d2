/**
 * A scenario for each outcome of the SQL functions by which people list their sessions and end them.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import {
  byRefreshToken,
  ended,
  ENDS,
  open,
  openFork,
  openSuperseded,
  OTHER,
  OWN,
  type Scenario,
} from "./opened_sessions.ts";
import { contextOf } from "../sql/sql_sessions.ts";
import type { StoreFixture } from "./store_fixture.ts";
import type {
  RevocationOutcome,
  SessionProof,
  ValidationOutcome,
} from "../../../supabase/functions/_shared/store/session_store.ts";
import type { TokenPlace } from "../../../supabase/functions/_shared/tokens/token_place.ts";
import type { SessionId } from "../../../supabase/functions/_shared/brands.ts";

function byAccessToken({ sessionId, generation, branch }: TokenPlace): SessionProof {
  return { kind: "access_token", sessionId, generation, branch };
}

type End = (store: StoreFixture, proof: SessionProof) => Promise<unknown>;

/** The answer of both ways to end sessions by one of their tokens. */
const endings = (end: End): Readonly<Record<RevocationOutcome, Scenario>> => ({
  async ended(store) {
    const { token, userId } = await open(store, { key: OWN });
    await store.sessions.signIn(userId);
    return await end(store, byRefreshToken(token, OWN));
  },
  async already_ended(store) {
    return await end(store, byAccessToken(await ENDS.revoked(store)));
  },
  async not_found(store) {
    return await end(store, byRefreshToken(await ENDS.not_found(store)));
  },
  async not_allowed(store) {
    const { token } = await open(store);
    return await end(store, byRefreshToken(store.sessions.forge(token)));
  },
  async stale(store) {
    const { old } = await openSuperseded(store, { key: OWN });
    return await end(store, byAccessToken(old));
  },
  async proof_required(store) {
    const { old } = await openSuperseded(store, { key: OWN });
    return await end(store, byRefreshToken(old));
  },
  async proof_key_unknown(store) {
    const { old } = await openSuperseded(store, { key: OWN });
    return await end(store, byRefreshToken(old, OTHER));
  },
  async reused(store) {
    const { old } = await openSuperseded(store);
    return await end(store, byRefreshToken(old));
  },
});

export const LOG_OUT = endings(({ sessions }, proof) => sessions.store.logOut(proof, contextOf()));

export const LOG_OUT_OTHERS = endings(({ sessions }, proof) =>
  sessions.store.logOutEverywhere({ proof, scope: "others" }, contextOf())
);

/** By an access token of another session of the same user. */
export const END_OWN_SESSION: Readonly<
  Record<"ended" | "already_ended" | "not_found" | Exclude<ValidationOutcome, "active">, Scenario>
> = {
  ...ended(({ sessions }, token) => endOwn(sessions, token, randomUUID())),
  async ended(store) {
    const { token, userId } = await open(store);
    const other = await store.sessions.signIn(userId);
    return await endOwn(store.sessions, token, other.sessionId);
  },
  async already_ended(store) {
    const { token, userId } = await open(store);
    const other = await store.sessions.signIn(userId);
    await endOwn(store.sessions, token, other.sessionId);
    return await endOwn(store.sessions, token, other.sessionId);
  },
  async not_found(store) {
    const [{ token }, { token: anothers }] = [await open(store), await open(store)];
    return await endOwn(store.sessions, token, anothers.sessionId);
  },
  async stale(store) {
    const { held } = await openFork(store);
    return await endOwn(store.sessions, held, held.sessionId);
  },
};

function endOwn(
  { store }: StoreFixture["sessions"],
  { sessionId, generation, branch }: TokenPlace,
  other: string,
) {
  const acting = { sessionId, generation, branch };
  return store.endOwnSession({ sessionId: other as SessionId, acting }, contextOf());
}

export const LIST_SESSIONS: Readonly<Record<ValidationOutcome, Scenario>> = {
  ...ended(({ sessions }, token) => sessions.store.listSessions(token, contextOf())),
  async active(store) {
    const { token, userId } = await open(store);
    await store.sessions.signIn(userId, { userAgent: 'Zoë\'s Browser/1.0 ("x"; \\)' });
    return await store.sessions.store.listSessions(token, contextOf());
  },
  async stale(store) {
    const { held } = await openFork(store);
    return await store.sessions.store.listSessions(held, contextOf());
  },
};
