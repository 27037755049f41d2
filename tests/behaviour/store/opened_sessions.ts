/**
 * Sessions as the scenarios of the store find them: an hour old, superseded, forked, and ended in each way
 * that a session ends.
 *
 * @module
 */

import assert from "node:assert/strict";
import type postgres from "postgres";
import type {
  SessionEnd,
  SessionProof,
} from "../../../supabase/functions/_shared/store/session_store.ts";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { ageSession } from "../../../local/testing/aging.ts";
import { contextOf, keyNamed, proofBy, type SignInOptions } from "../sql/sql_sessions.ts";
import type { StoreFixture } from "./store_fixture.ts";

const HOUR = 3600;
export const DAY = 24 * HOUR;
export const OWN = keyNamed("own");
export const OTHER = keyNamed("other");

/** Makes the call that the scenario is about last, and answers its answer. */
export type Scenario = (store: StoreFixture) => Promise<unknown>;

export interface OpenOptions extends SignInOptions {
  /** Under what policy. @default {the store's own} */
  readonly sessions?: StoreFixture["sessions"];
}

export interface OpenSession {
  readonly userId: string;
  readonly token: GenuineRefreshToken;
  /** Lets time pass. */
  age(seconds: number): Promise<void>;
  /** Rotates, and answers the successor. */
  rotated(from: GenuineRefreshToken, key?: OpenOptions["key"]): Promise<GenuineRefreshToken>;
}

/** A session that began an hour ago. */
export async function open(
  store: StoreFixture,
  { sessions = store.sessions, ...options }: OpenOptions = {},
): Promise<OpenSession> {
  const userId = await store.insertUser();
  const token = await sessions.signIn(userId, options);
  const age = (seconds: number) => ageSession(store.admin, token.sessionId, seconds);
  await age(HOUR);
  return {
    userId,
    token,
    age,
    async rotated(from, key = options.key) {
      const { answer, held } = await sessions.rotate(from, { key });
      return held ?? assert.fail(`a rotation was answered ${answer.outcome}`);
    },
  };
}

/** The token of the generation before the session's, whose reuse interval has passed. */
export async function openSuperseded(
  store: StoreFixture,
  options?: OpenOptions,
): Promise<OpenSession & Readonly<Record<"old" | "held", GenuineRefreshToken>>> {
  const session = await open(store, options);
  const second = await session.rotated(session.token);
  await session.age(HOUR);
  const third = await session.rotated(second);
  await session.age(HOUR);
  return { ...session, old: session.token, held: third };
}

/** Two branches of one generation: the other one is in use. */
export async function openFork(
  store: StoreFixture,
  options?: OpenOptions,
): Promise<OpenSession & Readonly<Record<"held" | "newer", GenuineRefreshToken>>> {
  const session = await open(store, options);
  const held = await session.rotated(session.token);
  await session.age(120);
  const newer = await session.rotated(session.token);
  await session.age(120);
  await store.sessions.validate(newer);
  return { ...session, held, newer };
}

/** Ends a session as each of its ends says, and answers a place of it. */
export const ENDS: Readonly<
  Record<SessionEnd, (store: StoreFixture) => Promise<GenuineRefreshToken>>
> = {
  async reused(store) {
    const { old, held } = await openSuperseded(store);
    await store.sessions.rotate(old);
    return held;
  },
  async revoked(store) {
    const { token } = await open(store);
    await store.sessions.store.logOut(byRefreshToken(token), contextOf());
    return token;
  },
  async evicted(store) {
    const { token, userId } = await open(store);
    await store.under({ maxSessionsPerUser: 1 }).signIn(userId);
    return token;
  },
  async expired(store) {
    const { token, age } = await open(store);
    await age(40 * DAY);
    return token;
  },
  async not_found(store) {
    const { token } = await open(store);
    await store.admin`delete from public.sessions where id = ${token.sessionId}`;
    return token;
  },
  async banned(store) {
    const { token, userId } = await open(store);
    await ban(store.admin, userId);
    return token;
  },
};

export async function ban(admin: postgres.Sql, userId: string): Promise<void> {
  await admin`
    update auth.users set banned_until = now() + interval '1 day' where id = ${userId}`;
}

/** After each end, what the call answers. */
export const ended = (
  ask: (store: StoreFixture, token: GenuineRefreshToken) => Promise<unknown>,
): Readonly<Record<SessionEnd, Scenario>> => {
  const after = (end: SessionEnd): Scenario => async (store) => ask(store, await ENDS[end](store));
  return {
    reused: after("reused"),
    revoked: after("revoked"),
    evicted: after("evicted"),
    expired: after("expired"),
    not_found: after("not_found"),
    banned: after("banned"),
  };
};

export function byRefreshToken(presented: GenuineRefreshToken, key?: typeof OWN): SessionProof {
  return { kind: "refresh_token", presented, proof: key ? proofBy(key, presented) : null };
}

export async function setRole(admin: postgres.Sql, userId: string): Promise<void> {
  await admin`update auth.users set role = 'service_role' where id = ${userId}`;
}
