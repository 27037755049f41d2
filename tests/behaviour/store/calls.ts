/**
 * One call of each SQL function that the stores call by name, for tests in which the database is what
 * fails.
 *
 * @module
 */

import { randomBytes, randomUUID } from "node:crypto";
import type postgres from "postgres";
import type { SessionId, UserId } from "../../../supabase/functions/_shared/brands.ts";
import type { ClaimHash } from "../../../supabase/functions/_shared/store/sign_in_store.ts";
import type { FunctionName } from "../../../supabase/functions/_shared/store/sql_functions.ts";
import { contextOf } from "../sql/sql_sessions.ts";
import { newSession } from "./sign_in_scenarios.ts";
import type { StoreFixture } from "./store_fixture.ts";

export type CalledFunction = Exclude<
  FunctionName,
  "purge_sessions" | "session_is_live" | "unified_auth_validate_sessions"
>;

const claim = new Uint8Array(randomBytes(32)) as Uint8Array as ClaimHash;
const place = { sessionId: randomUUID() as SessionId, generation: 1, branch: 0 };
const presented = { ...place, hash: newSession("").refreshTokenHash, key: null, lineage: null };

export const CALLS: Readonly<Record<CalledFunction, (store: StoreFixture) => Promise<unknown>>> = {
  create_session: ({ sessions }) =>
    sessions.store.createSession(newSession(randomUUID()), contextOf()),
  validate_session: ({ sessions }) => sessions.validate(place),
  rotate_session: ({ sessions }) => {
    const { refreshTokenHash: hash, lineage } = newSession("");
    return sessions.store.rotateSession({
      presented,
      proof: null,
      successor: {
        generation: 2,
        branch: 0,
        hash,
        lineage,
        salt: new Uint8Array(16),
        keyId: sessions.keys.signing.id,
      },
      event: "refresh",
    }, contextOf());
  },
  revoke_session: ({ sessions }) =>
    sessions.store.logOut({ kind: "refresh_token", presented, proof: null }, contextOf()),
  revoke_user_sessions: ({ sessions }) =>
    sessions.store.logOutEverywhere(
      { proof: { kind: "access_token", ...place }, scope: "global" },
      contextOf(),
    ),
  list_user_sessions: ({ sessions }) => sessions.store.listSessions(place, contextOf()),
  check_login_allowed: ({ sessions }) =>
    sessions.store.admitLogin([
      { id: claim, freeFailures: 1, forgiveSeconds: 60, maxDelaySeconds: 60 },
      { id: claim.toReversed(), freeFailures: 1, forgiveSeconds: 60, maxDelaySeconds: 60 },
    ]),
  record_login_failure: ({ sessions }) =>
    sessions.store.recordLoginFailure({
      charge: { buckets: [claim, claim.toReversed()], chargedAt: new Date() },
      refunded: false,
      reason: null,
    }, contextOf()),
  check_access_token_hook: ({ sessions }) => sessions.store.hasAccessTokenHook("public.none"),
  database_is_read_only: ({ sessions }) => sessions.store.readDatabaseState(),
  unified_auth_last_migration: ({ sessions }) => sessions.store.hasMigrations(),
  claim_sign_in: ({ signIn }) => signIn.claim(claim, { keepSeconds: 60 }),
  release_sign_in: ({ signIn }) => signIn.release(claim),
  unified_auth_remember_answer: ({ signIn }) =>
    signIn.rememberAnswer(claim, { answer: "", keepSeconds: 60 }),
  unified_auth_recall_answer: ({ signIn }) => signIn.recallAnswer(claim),
  announce_password_change: ({ signIn }) =>
    signIn.announcePasswordChange({
      userId: randomUUID() as UserId,
      sessionId: place.sessionId,
      identitySessionId: randomUUID(),
    }),
};

export const CALLED = Object.keys(CALLS) as readonly CalledFunction[];

/** Puts a body of PL/pgSQL in the place of a function's own. */
export async function replaceBody(
  admin: postgres.Sql,
  name: CalledFunction,
  body: string,
): Promise<void> {
  const [row] = await admin<{ head: string }[]>`
    select format('create or replace function %s.%I(%s) returns %s language plpgsql',
      'public', proname, pg_get_function_arguments(oid), pg_get_function_result(oid)) as head
    from pg_proc where oid = to_regproc(${`public.${name}`})`;
  await admin.unsafe(`${row?.head} as $body$ begin ${body} end; $body$`);
}
