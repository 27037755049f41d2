/**
 * A scenario for each outcome of the SQL functions that a sign-in calls: the throttle, a new session, claims
 * and the announcement of a new password.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type postgres from "postgres";
import type { SessionId, UserId } from "../../../supabase/functions/_shared/brands.ts";
import type {
  CreateSessionRequest,
  LoginOutcome,
  ThrottleBucket,
} from "../../../supabase/functions/_shared/store/session_store.ts";
import type { ClaimHash } from "../../../supabase/functions/_shared/store/sign_in_store.ts";
import type { GenuineRefreshToken } from "../../../supabase/functions/_shared/tokens/refresh_token.ts";
import { ban, DAY, open, OWN, type Scenario, setRole } from "./opened_sessions.ts";
import { createHook, HOOK, REFUSAL } from "./database_scenarios.ts";
import { contextOf } from "../sql/sql_sessions.ts";

const TWO_CLAIMS = `jsonb_build_object('claims', event -> 'claims' ||
  '{"plan": "größer", "seats": [1, null, {"a": "\\"b\\\\"}]}'::jsonb)`;

export const CREATE_SESSION: Readonly<Record<LoginOutcome, Scenario>> = {
  async created(store) {
    await createHook(store.admin, TWO_CLAIMS);
    const sessions = store.under({
      maxSessionsPerUser: 2,
      absoluteTtlSeconds: 90 * DAY,
      accessTokenHook: HOOK,
      issuer: "https://issuer.test/'quoted'",
    });
    const { token, userId } = await open(store, { sessions });
    await sessions.signIn(userId);
    const admitted = await sessions.store.admitLogin(BUCKETS);
    assert.ok(admitted.kind === "admitted");
    const identitySessionId = await insertIdentitySession(store.admin, userId);
    return await sessions.store.createSession({
      ...newSession(userId),
      keyThumbprint: OWN,
      deviceName: 'Adas "kleines" Telefon, (blau) \\ {1}',
      aal: "aal2",
      amr: [{ method: "password", timestamp: 1 }, { method: "totp", timestamp: 2 }, "text", null],
      presented: token,
      identitySessionId,
      loginCharge: admitted.charge,
    }, contextOf());
  },
  user_not_found: ({ sessions }) =>
    sessions.store.createSession(newSession(randomUUID()), { ...contextOf(), ip: null }),
  async user_banned(store) {
    const userId = await store.insertUser();
    await ban(store.admin, userId);
    return await store.sessions.store.createSession(newSession(userId), contextOf());
  },
  async role_not_allowed(store) {
    const userId = await store.insertUser();
    await setRole(store.admin, userId);
    return await store.under({ allowedRoles: ["authenticated", "a,b", '"'] }).store
      .createSession(newSession(userId), contextOf());
  },
  async hook_refused(store) {
    await createHook(store.admin, REFUSAL);
    const userId = await store.insertUser();
    return await store.under({ accessTokenHook: HOOK }).store
      .createSession(newSession(userId), contextOf());
  },
};

/** A login without anything that may be left out. */
export function newSession(userId: string): CreateSessionRequest {
  return {
    sessionId: randomUUID() as SessionId,
    userId: userId as UserId,
    refreshTokenHash: new Uint8Array(randomBytes(32)) as GenuineRefreshToken["hash"],
    lineage: new Uint8Array(randomBytes(8)) as NonNullable<GenuineRefreshToken["lineage"]>,
    keyThumbprint: null,
    deviceName: null,
    aal: "aal1",
    amr: [],
    presented: null,
    identitySessionId: null,
    loginCharge: null,
  };
}

async function insertIdentitySession(admin: postgres.Sql, userId: string): Promise<string> {
  const [row] = await admin<{ id: string }[]>`
    insert into auth.sessions (id, user_id, created_at, updated_at, aal)
    values (gen_random_uuid(), ${userId}, now(), now(), 'aal1') returning id`;
  return row?.id ?? assert.fail("no session of Supabase Auth was inserted");
}

function bucketNamed(name: string, change: Partial<ThrottleBucket> = {}): ThrottleBucket {
  return {
    id: new Uint8Array(createHash("sha256").update(name).digest()),
    freeFailures: 3,
    forgiveSeconds: 6000,
    maxDelaySeconds: 6000,
    ...change,
  };
}

const BUCKETS = [bucketNamed("pair"), bucketNamed("account")];

export const CHECK_LOGIN_ALLOWED: Readonly<
  Record<"admitted" | "delayed", Scenario>
> = {
  admitted: ({ sessions }) => sessions.store.admitLogin([...BUCKETS, bucketNamed("network")]),
  async delayed({ sessions }) {
    const buckets = [bucketNamed("pair", { freeFailures: 0 }), bucketNamed("account")];
    const { store } = sessions;
    for (let failures = 0; failures < 8; failures++) {
      const answer = await store.admitLogin(buckets);
      if (answer.kind === "delayed") {
        assert.ok(answer.retryAfterSeconds >= 1, "a delay is at least a second");
        return { kind: answer.kind };
      }
    }
    return assert.fail("eight failures delayed nothing");
  },
};

export const RECORD_LOGIN_FAILURE: Readonly<
  Record<"wrong password" | "right password" | "outage", Scenario>
> = {
  async "wrong password"({ sessions }) {
    const admitted = await sessions.store.admitLogin(BUCKETS);
    assert.ok(admitted.kind === "admitted");
    const failure = { charge: admitted.charge, refunded: false, reason: 'it\'s "wrong" — ß' };
    return await sessions.store.recordLoginFailure(failure, contextOf());
  },
  async "right password"(store) {
    const rate = { rightPasswordBurst: 5, rightPasswordIntervalSeconds: 600 };
    const sessions = store.under(rate);
    const admitted = await sessions.store.admitLogin(BUCKETS);
    assert.ok(admitted.kind === "admitted");
    const { charge } = admitted;
    const failure = { charge, refunded: true, reason: "mfa_required", passwordWasRight: true };
    return await sessions.store.recordLoginFailure(failure, contextOf());
  },
  async outage({ sessions }) {
    const admitted = await sessions.store.admitLogin(BUCKETS);
    assert.ok(admitted.kind === "admitted");
    const failure = { charge: admitted.charge, refunded: true, reason: null };
    return await sessions.store.recordLoginFailure(failure, contextOf());
  },
};

const KEPT = { answer: 'größer, "kleiner" \\ {1}', keepSeconds: 600 };

const newClaim = () => new Uint8Array(randomBytes(32)) as Uint8Array as ClaimHash;

export const CLAIM_SIGN_IN: Readonly<Record<"true" | "false", Scenario>> = {
  true: ({ signIn }) => signIn.claim(newClaim(), { keepSeconds: 600 }),
  async false({ signIn }) {
    const claim = newClaim();
    await signIn.claim(claim, { keepSeconds: 600 });
    return await signIn.claim(claim, { keepSeconds: 600 });
  },
};

export const RELEASE_SIGN_IN: Readonly<Record<"released", Scenario>> = {
  async released({ signIn }) {
    const [claim, other] = [newClaim(), newClaim()];
    await signIn.claim(claim, { keepSeconds: 600 });
    await signIn.claim(other, { keepSeconds: 600 });
    return await signIn.release(claim);
  },
};

export const REMEMBER_ANSWER: Readonly<Record<"first" | "next", Scenario>> = {
  first: ({ signIn }) => signIn.rememberAnswer(newClaim(), KEPT),
  async next({ signIn }) {
    const request = newClaim();
    await signIn.rememberAnswer(request, { ...KEPT, answer: "the first one" });
    return await signIn.rememberAnswer(request, KEPT);
  },
};

export const RECALL_ANSWER: Readonly<Record<"kept" | "none", Scenario>> = {
  async kept({ signIn }) {
    const request = newClaim();
    await signIn.rememberAnswer(request, KEPT);
    const answer = await signIn.recallAnswer(request);
    return { kind: answer === KEPT.answer ? "kept" : "none" };
  },
  async none({ signIn }) {
    const forgotten = newClaim();
    await signIn.rememberAnswer(forgotten, { ...KEPT, keepSeconds: 0 });
    const answers = [await signIn.recallAnswer(newClaim()), await signIn.recallAnswer(forgotten)];
    return { kind: answers.every((answer) => answer === null) ? "none" : "kept" };
  },
};

export const ANNOUNCE_PASSWORD_CHANGE: Readonly<Record<"announced", Scenario>> = {
  async announced(store) {
    const { token, userId } = await open(store);
    return await store.signIn.announcePasswordChange({
      userId: userId as UserId,
      sessionId: token.sessionId,
      identitySessionId: randomUUID(),
    });
  },
};
